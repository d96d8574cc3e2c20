/// What a function has in memory, in one word.
package enum FunctionState: String, Sendable, Hashable, Codable, CaseIterable {
    /// No instance; the next invocation forks one from the zygote or starts from disk.
    case zero
    /// An instance is on its way and none is ready yet.
    case starting
    /// At least one instance is ready.
    case warm
    /// The last start failed; the next invocation tries again.
    case failing
    /// It serves what it can, and its probe was not answered as its sample says.
    case failed
}
