import Functions
import GatewayServer
import Testing

@Suite struct RouteMetricsTests {
    @Test func `each outcome and start kind is counted by itself`() {
        let metrics = RouteMetrics()
        var expected: [String: UInt64] = [:]
        for (index, outcome) in Outcome.allCases.enumerated() {
            for (place, kind) in StartKind.allCases.enumerated() {
                let times = UInt64(index * StartKind.allCases.count + place + 1)
                expected["\(outcome) \(kind)"] = times
                for _ in 0..<times {
                    metrics.ended(outcome, kind, queue: 0, start: 0, run: 0, total: 0)
                }
            }
        }

        for outcome in Outcome.allCases {
            for kind in StartKind.allCases {
                #expect(metrics.count(outcome, kind) == expected["\(outcome) \(kind)"])
            }
        }
    }

    @Test func `each reason of a rejection is counted by itself`() {
        let metrics = RouteMetrics()
        for (index, reason) in RouteMetrics.Rejection.allCases.enumerated() {
            for _ in 0...index { metrics.rejected(reason) }
        }

        for (index, reason) in RouteMetrics.Rejection.allCases.enumerated() {
            #expect(metrics.count(reason) == UInt64(index + 1))
        }
    }

    @Test func `a bucket holds what is up to its bound, and the last the rest`() {
        let metrics = RouteMetrics()
        let bounds = RouteMetrics.bucketMicros
        for bound in bounds {
            metrics.ended(.completed, .warm, queue: 0, start: 0, run: Int64(bound), total: 0)
            metrics.ended(.completed, .warm, queue: 0, start: 0, run: Int64(bound) + 1, total: 0)
        }

        let snapshot = metrics.histogram(.run).snapshot

        #expect(snapshot.counts.count == bounds.count + 1)
        #expect(snapshot.counts.first == 1)
        #expect(snapshot.counts.dropFirst().dropLast().allSatisfy { $0 == 2 })
        #expect(snapshot.counts.last == 1)
        #expect(snapshot.sum == bounds.reduce(0) { $0 + 2 * $1 + 1 })
    }

    @Test func `the phases are kept apart and a clock that went back counts as none`() {
        let metrics = RouteMetrics()
        metrics.ended(.completed, .fork, queue: 1, start: 20, run: 300, total: -4)

        let sums = RouteMetrics.Phase.allCases.map { metrics.histogram($0).snapshot.sum }

        #expect(sums == [1, 20, 300, 0])
        #expect(metrics.histogram(.total).snapshot.counts.first == 1)
    }

    @Test func `buckets rise and nothing is lost among threads`() async {
        #expect(RouteMetrics.bucketMicros == RouteMetrics.bucketMicros.sorted())
        let metrics = RouteMetrics()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for micros in 0..<1_000 {
                        metrics.ended(
                            .failed,
                            .cold,
                            queue: 0,
                            start: 0,
                            run: Int64(micros),
                            total: 0
                        )
                    }
                }
            }
        }

        #expect(metrics.count(.failed, .cold) == 8_000)
        #expect(metrics.histogram(.run).snapshot.counts.reduce(0, +) == 8_000)
    }
}
