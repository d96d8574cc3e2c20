/// How often each run time occurred, in buckets that widen with the time: a quantile is off by
/// 3.2 % at most.
///
/// The buckets are those of HdrHistogram: below 16 us one for each microsecond, above that 16 for
/// each power of two.
package struct LatencySketch: Sendable, Hashable {
    /// Buckets for each power of two.
    static let perPower = 16
    private static let perPowerBits = 4
    /// Times from here on (19 hours) count as the longest there is.
    package static let microsMax: Int64 = 1 << 36
    package static let bucketsCount = (36 - perPowerBits + 1) * perPower

    private var counts: [UInt32]
    package private(set) var count = 0

    package init() { counts = Array(repeating: 0, count: Self.bucketsCount) }

    /// From the counts of all buckets, in their order.
    init(counts: [UInt32]) {
        self.counts = counts
        count = counts.reduce(0) { $0 + Int($1) }
    }

    package mutating func add(micros: Int64) {
        counts[Self.bucket(of: micros)] &+= 1
        count += 1
    }

    /// What was added after `earlier`, which is an older state of the same sketch.
    package func since(_ earlier: LatencySketch) -> LatencySketch {
        LatencySketch(counts: zip(counts, earlier.counts).map { $0 &- $1 })
    }

    /// The time in microseconds that a part of `rank` (0 to 1) is not over; nil when there is none.
    package func quantile(_ rank: Double) -> Double? {
        guard count > 0 else { return nil }
        let wanted = max(1, Int((min(max(rank, 0), 1) * Double(count)).rounded(.up)))
        var seen = 0
        var bucket = 0
        while bucket < counts.count {
            seen += Int(counts[bucket])
            if seen >= wanted { return Self.middle(of: bucket) }
            bucket += 1
        }
        return nil
    }

    package static func bucket(of micros: Int64) -> Int {
        let value = Int(min(max(micros, 0), microsMax - 1))
        guard value >= perPower else { return value }
        let power = Int.bitWidth - 1 - value.leadingZeroBitCount
        let part = (value >> (power - perPowerBits)) & (perPower - 1)
        return (power - perPowerBits + 1) * perPower + part
    }

    /// The time that stands for all of a bucket.
    static func middle(of bucket: Int) -> Double {
        guard bucket >= perPower else { return Double(bucket) }
        let shift = bucket / perPower - 1
        let lowest = (perPower + bucket % perPower) << shift
        return Double(lowest) + Double((1 << shift) - 1) / 2
    }
}
