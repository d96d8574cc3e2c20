import Functions
import Glibc

extension RolloutJudge {
    /// Whether the candidate fails more often than it may, and more often than the baseline: a
    /// fault that both share is not the candidate's.
    func errorFinding(
        _ candidate: RolloutEvidence,
        _ baseline: RolloutEvidence,
        at moment: Moment
    ) -> Finding {
        let limit = Double(policy.maxErrorRate.basisPoints) / 10_000
        guard candidate.errorRate > limit, candidate.errorRate > baseline.errorRate else {
            return .fine
        }
        // Were the revisions alike, a failure would be the candidate's as often as an answer is.
        let beyondBaseline = Self.surprise(
            candidate.failed,
            of: candidate.failed + baseline.failed,
            at: Double(candidate.answered) / Double(candidate.answered + baseline.answered)
        )
        let beyondLimit = Self.surprise(candidate.failed, of: candidate.answered, at: limit)
        let isAlone = baseline.answered == 0
        let isEnough =
            candidate.answered >= Self.answersMin && candidate.failed >= Self.failuresMin
        switch moment {
        case .within:
            guard isEnough, beyondLimit > Self.surpriseWithin,
                isAlone || beyondBaseline > Self.surpriseWithin
            else { return .open }
        case .extended:
            guard isEnough, beyondLimit > Self.surpriseLimit,
                isAlone || beyondBaseline > Self.surpriseExtended
            else { return .open }
        case .last:
            let needed = baseline.failed == 0 ? Self.surpriseAlone : Self.surpriseShared
            guard beyondLimit > Self.surpriseLimit / 2, isAlone || beyondBaseline > needed
            else { return .fine }
        }
        return .worse(reason(candidate, baseline))
    }

    /// How unlikely `hits` or more of `tries` are where each is one with `chance`: the natural
    /// logarithm of one in how many times, at least (Chernoff's bound).
    static func surprise(_ hits: Int, of tries: Int, at chance: Double) -> Double {
        guard tries > 0, Double(hits) > Double(tries) * chance else { return 0 }
        guard chance > 0 else { return .infinity }
        let rate = Double(hits) / Double(tries)
        let misses = rate < 1 ? (1 - rate) * log((1 - rate) / (1 - chance)) : 0
        return Double(tries) * (rate * log(rate / chance) + misses)
    }

    /// One in 1,000: it is asked a hundred times in a period.
    private static let surpriseWithin = 6.9
    /// One in 5, for the limit once the period is over.
    private static let surpriseLimit = 1.6
    /// One in 200.
    private static let surpriseExtended = 5.3
    /// One in 20, at last, where the baseline has failures too.
    private static let surpriseShared = 3.0
    /// One in 7, at last, where it has none.
    private static let surpriseAlone = 2.0

    private func reason(_ candidate: RolloutEvidence, _ baseline: RolloutEvidence) -> String {
        let share = FigureText.percent(candidate.errorRate)
        let answers = FigureText.count(candidate.answered)
        let old = "revision \(baselineNumber)"
        let other =
            baseline.answered == 0
            ? "\(old) answered nothing meanwhile"
            : "\(old) had \(FigureText.percent(baseline.errorRate)) of "
                + FigureText.count(baseline.answered)
        return "\(share) of \(answers) answers failed (\(FigureText.count(candidate.failed)) "
            + "failed), over maxErrorRate \(policy.maxErrorRate); \(other)"
    }
}
