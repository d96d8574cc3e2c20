/// The answer to `GET /v1/pools`.
package struct PoolList: Sendable, Hashable, Codable {
    package var pools: [PoolReport]

    package init(pools: [PoolReport]) { self.pools = pools }
}

/// One revision's pool on this node.
package struct PoolReport: Sendable, Hashable, Codable {
    package var function: String
    /// `NAME-NUMBER`.
    package var revision: String
    package var counts: PoolCounts
    /// Host memory that the zygote and the instances use together.
    package var memoryBytes: Int64
    /// GPU memory that ready instances reserve.
    package var gpuMemoryMiB: Int
    /// When an invocation last ended here, since 1970 UTC; nil when none has.
    package var lastUsedAtMicros: Int64?

    package init(
        function: String,
        revision: String,
        counts: PoolCounts,
        memoryBytes: Int64,
        gpuMemoryMiB: Int,
        lastUsedAtMicros: Int64?
    ) {
        self.function = function
        self.revision = revision
        self.counts = counts
        self.memoryBytes = memoryBytes
        self.gpuMemoryMiB = gpuMemoryMiB
        self.lastUsedAtMicros = lastUsedAtMicros
    }
}
