import Functions
import Testing

/// The way back from a division of traffic.
@Suite struct TrafficTests {
    private func traffic(_ shares: [(Int, Int)]) throws -> Traffic {
        try #require(
            Traffic(parts: shares.map { Traffic.Part(number: $0.0, share: Share(percent: $0.1)) })
        )
    }

    /// One after the other.
    private func course(_ steps: [Traffic]) -> Traffic {
        steps.dropFirst().reduce(steps[0]) { $1.following($0) }
    }

    @Test func `what serves now comes after what served before`() {
        let now = course([1, 2, 5].map { Traffic(whole: $0) })

        #expect(now.earlier == [1, 2])
    }

    @Test func `on the way back nothing newer is left of it`() {
        let now = course([1, 2, 5, 2].map { Traffic(whole: $0) })

        #expect(now.earlier == [1])
        #expect(course([now, Traffic(whole: 6)]).earlier == [1, 2])
    }

    @Test func `what was never primary is not on it`() throws {
        let rollout = Traffic.Rollout(candidate: 2, baseline: 1, step: 0, beganAtMicros: 0)
        let fallback = Traffic.Fallback(from: 2, to: 1, reason: "worse", atMicros: 0)
        let now = course([
            Traffic(whole: 1),
            Traffic(rollout: rollout, share: Share(percent: 20)),
            Traffic(whole: 1, fallback: fallback),
            Traffic(whole: 3),
            try traffic([(3, 95), (4, 5)]),
        ])

        #expect(now.earlier == [1])
        #expect(now.hasNewer)
        #expect(try !traffic([(3, 100), (4, 0)]).hasNewer)
        #expect(try !traffic([(3, 60), (2, 40)]).hasNewer)
    }

    @Test func `it is as long as can be walked`() {
        let now = course((1...40).map { Traffic(whole: $0) })

        #expect(now.earlier == Array((40 - Traffic.earlierMax)..<40))
    }
}
