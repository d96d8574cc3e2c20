import Functions
import Rollouts
import Testing

@Suite struct RolloutJudgeTests {
    private static let period: Int64 = 120_000
    private let judge = RolloutJudge(Manifest.Rollout(), baselineNumber: 3)

    private func verdict(
        _ candidate: RolloutEvidence,
        _ baseline: RolloutEvidence,
        step: Int = 0,
        at elapsedMillis: Int64 = 60_000
    ) -> RolloutVerdict {
        judge.verdict(
            step: step,
            elapsedMillis: elapsedMillis,
            candidate: candidate,
            baseline: baseline
        )
    }

    @Test func `a step without a fault goes on when its period is over and not before`() {
        let new = evidence(completed: 100)
        let old = evidence(completed: 1900)

        #expect(verdict(new, old, at: Self.period - 1) == .stay)
        #expect(verdict(new, old, at: Self.period) == .advance(to: 1))
        #expect(verdict(new, old, step: 1, at: Self.period) == .advance(to: 2))
        #expect(verdict(new, old, step: 2, at: Self.period) == .complete)
    }

    @Test func `a candidate that nobody invoked goes on`() {
        #expect(verdict(evidence(), evidence(), at: Self.period) == .advance(to: 1))
        #expect(verdict(evidence(), evidence(completed: 500), at: Self.period) == .advance(to: 1))
    }

    @Test func `four failures of twenty answers fall back within the period`() {
        let new = evidence(completed: 16, failed: 4)
        let reason =
            "20.0% of 20 answers failed (4 failed), over maxErrorRate 1%; "
            + "revision 3 had 0.0% of 1,802"

        #expect(verdict(new, evidence(completed: 1802), at: 3000) == .fallBack(reason: reason))
    }

    @Test func `one failure among few answers makes the period longer, then it decides`() {
        let new = evidence(completed: 4, failed: 1)
        let old = evidence(completed: 95)

        #expect(verdict(new, old, at: Self.period - 1) == .stay)
        #expect(verdict(new, old, at: Self.period) == .stay)
        #expect(verdict(new, old, at: Self.period * RolloutJudge.periodsMax - 1) == .stay)
        #expect(verdict(new, old, at: Self.period * RolloutJudge.periodsMax).isFallback)
    }

    @Test func `one failure among thousands goes on`() {
        let new = evidence(completed: 2000, failed: 1)

        #expect(verdict(new, evidence(completed: 38_000)) == .stay)
        #expect(verdict(new, evidence(completed: 38_000), at: Self.period) == .advance(to: 1))
    }

    @Test func `a fault that both share is not the candidate's`() {
        let new = evidence(completed: 80, failed: 20)
        let old = evidence(completed: 1530, failed: 370)

        for elapsed in [1000, Self.period, Self.period * RolloutJudge.periodsMax] {
            #expect(!verdict(new, old, at: elapsed).isFallback)
        }
    }

    @Test func `without an answer of the baseline the limit alone decides`() {
        let verdict = verdict(evidence(completed: 16, failed: 4), evidence(), step: 2)
        #expect(
            verdict
                == .fallBack(
                    reason: "20.0% of 20 answers failed (4 failed), over maxErrorRate 1%; "
                        + "revision 3 answered nothing meanwhile"
                )
        )
    }

    @Test func `with a limit of none two failures among ten answers are enough`() {
        var policy = Manifest.Rollout()
        policy.maxErrorRate = .none
        let judge = RolloutJudge(policy, baselineNumber: 1)
        let verdict = judge.verdict(
            step: 0,
            elapsedMillis: 1000,
            candidate: evidence(completed: 8, failed: 2),
            baseline: evidence(completed: 500)
        )
        #expect(verdict.isFallback)
    }

    @Test func `three times the run time falls back and says both medians`() {
        let new = evidence(completed: 40, micros: 31_000)
        let old = evidence(completed: 700, micros: 10_000)

        guard case .fallBack(let reason) = verdict(new, old) else {
            Issue.record("no fallback")
            return
        }
        #expect(reason.hasPrefix("its median run time 3"))
        #expect(reason.contains(" times revision 3's "))
        #expect(reason.hasSuffix(", over maxLatency 1.5x"))
    }

    @Test func `run times are compared once there are enough`() {
        let old = evidence(completed: 700, micros: 10_000)

        #expect(verdict(evidence(completed: 19, micros: 31_000), old) == .stay)
        let nine = evidence(completed: 9, micros: 31_000)
        #expect(verdict(nine, old, at: Self.period) == .advance(to: 1))
        let ten = evidence(completed: 10, micros: 31_000)
        #expect(verdict(ten, old, at: Self.period).isFallback)
    }

    @Test func `a difference of microseconds is noise`() {
        let new = evidence(completed: 5000, micros: 240)
        let old = evidence(completed: 9000, micros: 20)

        #expect(verdict(new, old, at: Self.period) == .advance(to: 1))
    }

    @Test func `a slow tenth alone is no reason, nor is a slow median alone`() {
        var tail = evidence(completed: 800, micros: 10_000)
        for _ in 0..<200 { tail.add(failed: false, runMicros: 90_000) }
        var median = evidence(completed: 600, micros: 30_000)
        for _ in 0..<400 { median.add(failed: false, runMicros: 5_000) }
        var old = evidence(completed: 800, micros: 10_000)
        for _ in 0..<200 { old.add(failed: false, runMicros: 29_000) }

        #expect(verdict(tail, old, at: Self.period) == .advance(to: 1))
        #expect(verdict(median, old, at: Self.period) == .advance(to: 1))
    }
}

extension RolloutVerdict {
    var isFallback: Bool {
        if case .fallBack = self { true } else { false }
    }
}

/// So many answers, all of them with the same run time.
func evidence(completed: Int = 0, failed: Int = 0, micros: Int64 = 10_000) -> RolloutEvidence {
    var evidence = RolloutEvidence(failed: failed)
    for _ in 0..<completed { evidence.add(failed: false, runMicros: micros) }
    return evidence
}
