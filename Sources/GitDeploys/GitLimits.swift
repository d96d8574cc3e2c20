/// What is taken from a repository at most.
package enum GitLimits {
    /// References that one push changes.
    package static let updateCountMax = 1_000
    /// A reference's name, in bytes.
    package static let referenceBytesMax = 1_024
    /// What a git program may print, in bytes: the list of a tree of half a million files.
    package static let outputBytesMax = 64 << 20
    /// What is kept of what a git program complains, in bytes.
    package static let complaintBytesMax = 16 << 10
    /// `function.yaml` and `faas.yaml`, in bytes.
    package static let settingsBytesMax = 64 << 10
    /// Functions in one commit.
    package static let functionCountMax = 500
    /// An author's name or a commit's subject, in characters.
    package static let textLengthMax = 200
    /// How long a push waits for another one of its repository, in milliseconds: 10 minutes.
    package static let waitMillisMax: Int64 = 600_000
    /// After how long it asks again, in milliseconds; twice as long each time, up to the maximum.
    package static let pollMillis: Int64 = 200
    package static let pollMillisMax: Int64 = 2_000
    /// Folders whose digests are remembered.
    package static let digestCountMax = 1_000
}
