/// The limits of fetching weights, each with its default.
package struct WeightLimits: Sendable {
    /// The largest file, in bytes; default 100 GiB.
    package var bytesMax: Int64 = 100 << 30
    /// Disk that all fetches together leave free for the gateway's own files, in bytes; default
    /// 256 MiB.
    package var freeBytesMin: Int64 = 256 << 20
    /// How many bytes of a file are written until free disk is looked at again; default 64 MiB.
    package var spaceCheckBytes: Int64 = 64 << 20
    /// Fetches that run at once, each on a thread of its own; others wait, without one; default 4.
    package var fetchesMax = 4
    /// Default 15 s.
    package var connectMillisMax = 15_000
    /// How long a transfer may be slower than `stallBytesPerSecond`, in seconds; default 30.
    package var stallSecondsMax = 30
    /// Default 1 KiB/s.
    package var stallBytesPerSecond = 1 << 10
    /// Default 5; only to `https`.
    package var redirectsMax = 5
    /// Tries after the first one that each go on where the last one ended; default 5.
    package var retriesMax = 5
    /// What a try must have brought for the count of retries to begin anew, in bytes; default
    /// 64 MiB.
    package var retriesAnewBytes: Int64 = 64 << 20
    /// The pause before the first retry, in milliseconds, doubled each time; default 500.
    package var backoffFirstMillis = 500
    /// The longest pause, in milliseconds; default 10 s.
    package var backoffLastMillis = 10_000
    /// Between two calls of a fetch's `progress`, in milliseconds; default 500.
    package var progressMillis = 500
    /// How long the first part of a file that no fetch goes on with is kept, in seconds; default
    /// 7 days.
    package var partialSecondsMax = 7 * 24 * 3600

    package init() {}
}
