package import Functions

/// How many instances a pool may have, and how much they may be asked for.
///
/// What is outside the named bounds is brought inside them.
package struct PoolLimits: Sendable, Hashable {
    /// The largest `max`: instances of one revision on one node.
    package static let instancesMax = 16_384
    /// The largest `concurrency`.
    package static let concurrencyMax = 1_024
    /// The largest `queueDepthMax`.
    package static let queueDepthLimit = 65_536
    /// The longest keep-alive: 365 days, in nanoseconds.
    package static let keepAliveNanosMax: UInt64 = 365 * 86_400 * 1_000_000_000

    /// Instances kept even when nobody asks.
    package let min: Int
    /// Instances that may exist, those on their way out included, so that memory stays bounded.
    package let max: Int
    /// Leases on one instance at once.
    package let concurrency: Int
    /// Requests that may wait; at least 1, as the one that starts the first instance waits too.
    package let queueDepthMax: Int
    package let keepAliveNanos: UInt64

    package init(
        min: Int = 0,
        max: Int = 8,
        concurrency: Int = 1,
        queueDepthMax: Int = 256,
        keepAliveNanos: UInt64 = 60_000_000_000
    ) {
        self.max = Swift.min(Swift.max(1, max), Self.instancesMax)
        self.min = Swift.min(Swift.max(0, min), self.max)
        self.concurrency = Swift.min(Swift.max(1, concurrency), Self.concurrencyMax)
        self.queueDepthMax = Swift.min(Swift.max(1, queueDepthMax), Self.queueDepthLimit)
        self.keepAliveNanos = Swift.min(keepAliveNanos, Self.keepAliveNanosMax)
    }

    /// The same, but no instance is kept when nobody asks.
    var resting: PoolLimits {
        PoolLimits(
            min: 0,
            max: max,
            concurrency: concurrency,
            queueDepthMax: queueDepthMax,
            keepAliveNanos: 0
        )
    }

    package init(_ scale: Manifest.Scale) {
        let millisMax = Int(Self.keepAliveNanosMax / 1_000_000)
        let millis = Swift.min(Swift.max(0, scale.keepAliveMillis), millisMax)
        self.init(
            min: scale.min,
            max: scale.max,
            concurrency: scale.concurrency,
            queueDepthMax: scale.queue,
            keepAliveNanos: UInt64(millis) * 1_000_000
        )
    }
}
