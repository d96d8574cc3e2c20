/// What one run measured; each field is written by one thread at a time and read after all ended.
final class Meter: @unchecked Sendable {
    /// Nanoseconds from appending a record to learning that it is durable.
    var latencies: [Int64] = []
    var seconds = 0.0
    var loopNanos: Int64 = 0
    var processNanos: Int64 = 0
    private var commits: [Int64] = []
    private var rows = 0

    init() {
        latencies.reserveCapacity(1 << 20)
        commits.reserveCapacity(1 << 20)
    }

    func commit(rows: Int, nanos: Int64) {
        self.rows += rows
        commits.append(nanos)
    }

    /// A line of the table, and its heading.
    static let columns = [
        "rows/s", "p50 us", "p99 us", "p99.9", "max us", "rows/commit", "commit us", "loop CPU",
        "all CPU",
    ]

    var values: [Double] {
        let sorted = latencies.sorted()
        let rows = Double(max(1, rows))
        return [
            Double(sorted.count) / seconds,
            Self.micros(sorted, 0.5), Self.micros(sorted, 0.99), Self.micros(sorted, 0.999),
            Self.micros(sorted, 1),
            rows / Double(max(1, commits.count)),
            Double(commits.reduce(0, +)) / Double(max(1, commits.count)) / 1000,
            Double(loopNanos) / rows / 1000,
            Double(processNanos) / rows / 1000,
        ]
    }

    private static func micros(_ sorted: [Int64], _ part: Double) -> Double {
        guard let last = sorted.indices.last else { return 0 }
        return Double(sorted[min(last, Int(Double(sorted.count) * part))]) / 1000
    }
}
