import Functions

extension RolloutJudge {
    /// Both revisions need as many answers to be compared by their run times at a period's end.
    package static let timedAnswersMin = 10
    /// And as many before it.
    package static let timedAnswersWithinMin = 20
    /// A difference of less is not held against the candidate: functions that run for microseconds
    /// differ by a factor of 2 with the core and the caches that they meet.
    package static let differenceMicrosMin = 250.0

    /// Whether the candidate's median and its 90th percentile are both over what they may be: the
    /// one alone moves with a few odd inputs, the other with many.
    func latencyFinding(
        _ candidate: LatencySketch,
        _ baseline: LatencySketch,
        at moment: Moment
    ) -> Finding {
        let needed = moment == .within ? Self.timedAnswersWithinMin : Self.timedAnswersMin
        guard candidate.count >= needed, baseline.count >= needed,
            isSlower(candidate, baseline, deviations: 0)
        else { return .fine }
        let deviations =
            switch moment {
            case .within: 3.0
            case .extended: 2.0
            case .last: 0.0
            }
        guard isSlower(candidate, baseline, deviations: deviations) else { return .open }
        return .worse(reason(candidate, baseline))
    }

    /// Compares the lower ends of the candidate's confidence intervals with the upper ends of the
    /// baseline's, so many standard deviations away.
    private func isSlower(
        _ candidate: LatencySketch,
        _ baseline: LatencySketch,
        deviations: Double
    ) -> Bool {
        [0.5, 0.9].allSatisfy { rank in
            // The rank of a quantile among n values is binomial, whatever their distribution.
            let spread = deviations * (rank * (1 - rank)).squareRoot()
            let low = rank - spread / Double(candidate.count).squareRoot()
            let high = rank + spread / Double(baseline.count).squareRoot()
            guard let new = candidate.quantile(low), let old = baseline.quantile(high) else {
                return false
            }
            return new > old * policy.maxLatencyFactor && new - old >= Self.differenceMicrosMin
        }
    }

    private func reason(_ candidate: LatencySketch, _ baseline: LatencySketch) -> String {
        let new = candidate.quantile(0.5) ?? 0
        let old = baseline.quantile(0.5) ?? 0
        return "its median run time \(FigureText.time(new)) is "
            + "\(FigureText.factor(new / max(old, 1))) times revision \(baselineNumber)'s "
            + "\(FigureText.time(old)), over maxLatency \(policy.maxLatencyFactor)x"
    }
}
