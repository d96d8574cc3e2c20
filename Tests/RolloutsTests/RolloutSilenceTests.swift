import Functions
import Rollouts
import Testing

/// Candidates that hang: they have no failures until their invocations time out.
@Suite struct RolloutSilenceTests {
    private static let period: Int64 = 120_000
    private static let last = period * RolloutJudge.periodsMax
    private static let answerMillisMax: Int64 = 900_000
    private let judge = RolloutJudge(
        Manifest.Rollout(),
        baselineNumber: 3,
        answerMillisMax: answerMillisMax
    )
    private let old = evidence(completed: 1802)

    private func verdict(
        _ pending: RolloutPending,
        _ candidate: RolloutEvidence = evidence(),
        _ baseline: RolloutEvidence? = nil,
        at elapsedMillis: Int64
    ) -> RolloutVerdict {
        judge.verdict(
            step: 0,
            elapsedMillis: elapsedMillis,
            candidate: candidate,
            baseline: baseline ?? old,
            pending: pending
        )
    }

    @Test func `what has yet to answer most of what it was asked does not go on`() {
        let pending = RolloutPending(count: 4, silentMillis: 10_000)

        #expect(verdict(pending, at: Self.period) == .stay)
        #expect(verdict(pending, at: Self.last - 1) == .stay)
        #expect(verdict(pending, evidence(completed: 3), at: Self.period) == .stay)
        #expect(verdict(pending, evidence(completed: 4), at: Self.period) == .advance(to: 1))
        #expect(verdict(pending, evidence(completed: 3), at: Self.last) == .advance(to: 1))
    }

    @Test func `what is silent for longer than the old one ever ran falls back at last`() {
        let pending = RolloutPending(count: 4, silentMillis: Self.last)
        let reason =
            "it answered nothing in 600.0 s, with 4 invocations running or waiting; "
            + "revision 3 answered 1,802"

        #expect(verdict(pending, at: Self.last) == .fallBack(reason: reason))
    }

    @Test func `what has just been asked is waited for`() {
        let pending = RolloutPending(count: 1, silentMillis: 20)

        #expect(verdict(pending, at: Self.last) == .stay)
        #expect(verdict(pending, at: Self.last * 3) == .stay)
    }

    @Test func `what may take as long as the old one does is waited for`() {
        let slow = evidence(completed: 20, micros: 1_000_000_000)
        let pending = RolloutPending(count: 4, silentMillis: Self.last)

        #expect(verdict(pending, evidence(), slow, at: Self.last) == .stay)
    }

    @Test func `where the old one answers nothing either, the timeout is the measure`() {
        let before = RolloutPending(count: 4, silentMillis: Self.answerMillisMax - 1)
        let after = RolloutPending(count: 4, silentMillis: Self.answerMillisMax)

        #expect(verdict(before, evidence(), evidence(), at: Self.last * 2) == .stay)
        #expect(verdict(after, evidence(), evidence(), at: Self.last * 2).isFallback)
    }
}
