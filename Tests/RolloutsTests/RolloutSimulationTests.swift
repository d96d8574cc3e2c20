import Functions
import Rollouts
import TestSupport
import Testing

/// Rollouts whose answers are drawn by chance, judged every second.
@Suite struct RolloutSimulationTests {
    @Test func `a fifth of failures is off the traffic within two periods`() {
        var ends = Ends()
        for seed in 0..<100 {
            let run = Simulation(answersPerPeriod: 1000, candidateErrors: 0.2).run(seed: seed)
            ends.note(run)
        }
        #expect(ends.fallbacks == 100)
        #expect(ends.longest <= 2)
    }

    @Test func `even where ten answers of a period are its own, it mostly is`() {
        var ends = Ends()
        for seed in 0..<100 {
            ends.note(Simulation(answersPerPeriod: 200, candidateErrors: 0.2).run(seed: seed))
        }
        #expect(ends.fallbacks == 100)
        #expect(ends.withinTwo >= 93, "\(ends)")
    }

    @Test(arguments: [100, 1000])
    func `an equal candidate with half the errors that are allowed completes`(answers: Int) {
        var ends = Ends()
        for seed in 0..<400 {
            let simulation = Simulation(
                answersPerPeriod: answers,
                candidateErrors: 0.005,
                baselineErrors: 0.005
            )
            ends.note(simulation.run(seed: seed))
        }
        #expect(ends.fallbacks <= 4, "\(ends)")
    }

    @Test(arguments: [200, 1000])
    func `three times slower is off the traffic within two periods`(answers: Int) {
        var ends = Ends()
        for seed in 0..<50 {
            ends.note(Simulation(answersPerPeriod: answers, slowdown: 3).run(seed: seed))
        }
        #expect(ends.fallbacks == 50)
        #expect(ends.withinTwo == 50, "\(ends)")
    }

    @Test(arguments: [0.05, 0.2, 0.9])
    func `what fails alike in both is not held against the new one`(errors: Double) {
        var ends = Ends()
        for seed in 0..<100 {
            let simulation = Simulation(
                answersPerPeriod: 400,
                candidateErrors: errors,
                baselineErrors: errors
            )
            ends.note(simulation.run(seed: seed))
        }
        #expect(ends.fallbacks <= 3, "\(ends)")
    }
}

/// How many rollouts ended how.
private struct Ends: CustomStringConvertible {
    var fallbacks = 0
    var withinTwo = 0
    /// Periods until the last fallback.
    var longest = 0
    var reasons: [String] = []

    mutating func note(_ run: (verdict: RolloutVerdict, periods: Int)) {
        guard case .fallBack(let reason) = run.verdict else { return }
        fallbacks += 1
        if run.periods <= 2 { withinTwo += 1 }
        longest = max(longest, run.periods)
        if reasons.count < 5 { reasons.append("\(run.periods): \(reason)") }
    }

    var description: String { "\(fallbacks) fallbacks, \(withinTwo) within two, \(reasons)" }
}

private struct Simulation {
    private static let tickMillis: Int64 = 1000

    /// Of both revisions.
    var answersPerPeriod = 1000
    var candidateErrors = 0.0
    var baselineErrors = 0.0
    var slowdown = 1.0

    /// How it ends, and how many periods were begun until then.
    func run(seed: Int) -> (verdict: RolloutVerdict, periods: Int) {
        let policy = Manifest.Rollout()
        let judge = RolloutJudge(policy, baselineNumber: 1)
        var random = SeededGenerator(seed: UInt64(seed))
        var before = RolloutEvidence()
        var step = 0
        var ticks = 0
        while true {
            var candidate = RolloutEvidence()
            var baseline = RolloutEvidence()
            let share = policy.shares[step]
            var elapsed: Int64 = 0
            var verdict = RolloutVerdict.stay
            while verdict == .stay {
                for _ in 0..<answers(inTick: ticks) {
                    if Int.random(in: 0..<10_000, using: &random) < share.basisPoints {
                        add(to: &candidate, candidateErrors, slowdown, &random)
                    } else {
                        add(to: &baseline, baselineErrors, 1, &random)
                    }
                }
                ticks += 1
                elapsed += Self.tickMillis
                verdict = judge.verdict(
                    step: step,
                    elapsedMillis: elapsed,
                    candidate: candidate,
                    baseline: share == .all ? before : baseline
                )
            }
            guard case .advance(let next) = verdict else {
                return (verdict, (ticks * Int(Self.tickMillis) - 1) / policy.everyMillis + 1)
            }
            step = next
            before = baseline
        }
    }

    private func answers(inTick tick: Int) -> Int {
        (tick + 1) * answersPerPeriod / 120 - tick * answersPerPeriod / 120
    }

    private func add(
        to evidence: inout RolloutEvidence,
        _ errors: Double,
        _ slowdown: Double,
        _ random: inout SeededGenerator
    ) {
        let hasFailed = Double.random(in: 0..<1, using: &random) < errors
        // The sum of 4 is near to a bell; from 5 to 15 ms.
        let spread = (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random)
        }
        let micros = Int64((5_000 + spread * 2_500) * slowdown)
        evidence.add(failed: hasFailed, runMicros: micros)
    }
}
