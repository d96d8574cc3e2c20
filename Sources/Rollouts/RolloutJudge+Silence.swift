import Functions

extension RolloutJudge {
    /// Whether the candidate has so little answered of what it was asked that nothing is known of
    /// it: one that hangs has no failures until its invocations time out.
    func silenceFinding(
        _ candidate: RolloutEvidence,
        _ baseline: RolloutEvidence,
        _ pending: RolloutPending,
        at moment: Moment
    ) -> Finding {
        guard pending.count > candidate.answered else { return .fine }
        guard moment == .last else { return .open }
        guard candidate.answered == 0 else { return .fine }
        // Without an answer for so long, clients have given up: a timeout would be counted.
        let patience = min(longestMillis(baseline.runMicros) ?? .max, answerMillisMax)
        guard pending.silentMillis >= max(patience, Int64(policy.everyMillis)) else { return .open }
        let silent = FigureText.time(Double(pending.silentMillis) * 1_000)
        return .worse(
            "it answered nothing in \(silent), with \(FigureText.count(pending.count)) invocations "
                + "running or waiting; revision \(baselineNumber) answered "
                + FigureText.count(baseline.answered)
        )
    }

    /// How long the candidate may take where the baseline's longest run is its measure; nil when
    /// there are too few to measure by.
    private func longestMillis(_ baseline: LatencySketch) -> Int64? {
        guard baseline.count >= Self.timedAnswersMin, let longest = baseline.quantile(1) else {
            return nil
        }
        return Int64(min(longest * max(1, policy.maxLatencyFactor) / 1_000, 1e15))
    }
}
