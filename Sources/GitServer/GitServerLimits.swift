/// What the gateway takes on for git at most.
package enum GitServerLimits {
    /// Fetches and pushes at once.
    package static let processesMax = 8
    /// What one push may send, in bytes: 1 GiB.
    package static let packBytesMax = 1 << 30
    /// The head of what `git http-backend` answers, in bytes.
    package static let headBytesMax = 16 << 10
    /// Its header fields.
    package static let headFieldsMax = 64
    /// How long it may take to begin an answer, in milliseconds.
    package static let headMillisMax = 30_000
    /// How long it may take to end once it was asked to, in milliseconds.
    package static let graceMillisMax = 10_000
    /// What is kept of its complaints, in bytes.
    package static let complaintBytesMax = 16 << 10
    /// Repositories of all accounts.
    package static let repositoryCountMax = 1_000
    /// How long bringing a repository's functions up to date may take, in milliseconds.
    package static let syncMillisMax = 900_000
    /// A user's name that comes with a key, in bytes.
    package static let userBytesMax = 64
}
