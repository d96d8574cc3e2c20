/// What a bundle may hold at most.
package enum BundleLimits {
    /// The archive, in bytes: 512 MiB.
    package static let bundleBytesMax = 512 << 20
    /// Files, folders and links together.
    package static let fileCountMax = 10_000
    /// A path within the bundle, in bytes: what a ustar header holds, less than its 256 in front of
    /// a slash.
    package static let pathLengthMax = 255
    /// A symbolic link's target, in bytes: what a ustar header holds.
    package static let linkLengthMax = 100
    /// Zeros after the archive's end that other programs pad it with, in bytes.
    package static let paddingBytesMax = 10_240
    /// Size of `.faasignore`, in bytes.
    package static let ignoreBytesMax = 64 << 10
    /// Patterns in `.faasignore`.
    package static let ignorePatternCountMax = 500
}
