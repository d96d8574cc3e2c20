import Rollouts
import TestSupport
import Testing

@Suite struct LatencySketchTests {
    @Test func `a quantile is within 3.2 percent of the time that was added`() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let micros = Int64.random(in: 0..<(1 << Int64.random(in: 1...36)), using: &random)
            var sketch = LatencySketch()
            sketch.add(micros: micros)

            let median = try #require(sketch.quantile(0.5))
            #expect(abs(median - Double(micros)) <= Double(micros) * 0.032)
        }
    }

    @Test func `quantiles follow the rank of what was added`() throws {
        var sketch = LatencySketch()
        for micros in 1...1000 { sketch.add(micros: Int64(micros) * 1000) }

        for (rank, wanted) in [(0.0, 1000.0), (0.5, 500_000), (0.9, 900_000), (1, 1_000_000)] {
            let time = try #require(sketch.quantile(rank))
            #expect(abs(time - wanted) <= wanted * 0.04, "\(rank): \(time)")
        }
        #expect(LatencySketch().quantile(0.5) == nil)
    }

    @Test func `times beyond the ends count as the nearest`() {
        #expect(LatencySketch.bucket(of: -5) == 0)
        #expect(LatencySketch.bucket(of: .max) == LatencySketch.bucketsCount - 1)
        #expect(LatencySketch.bucket(of: LatencySketch.microsMax) == LatencySketch.bucketsCount - 1)
    }

    @Test func `buckets rise with the time and have no gaps`() {
        var last = -1
        for micros in 0..<100_000 {
            let bucket = LatencySketch.bucket(of: Int64(micros))
            #expect(bucket == last || bucket == last + 1)
            last = bucket
        }
    }

    @Test func `a period is what came since an older state`() {
        let tally = RevisionTally()
        tally.record(failed: true, runMicros: 10)
        tally.record(failed: false, runMicros: 10)
        let before = tally.snapshot()
        for _ in 0..<30 { tally.record(failed: false, runMicros: 3_000) }
        tally.record(failed: true, runMicros: 9)

        let period = tally.snapshot().since(before)

        #expect((period.answered, period.failed) == (31, 1))
        #expect(period.runMicros.quantile(0).map { abs($0 - 3_000) < 100 } == true)
        #expect(tally.snapshot().answered == 33)
    }

    @Test func `what many threads note at once is all there`() async {
        let tally = RevisionTally()
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<5000 {
                        tally.record(failed: number.isMultiple(of: 10), runMicros: Int64(number))
                    }
                }
            }
        }
        let evidence = tally.snapshot()
        #expect((evidence.answered, evidence.failed) == (20_000, 2_000))
    }
}
