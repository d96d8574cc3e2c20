package import Functions

/// Says whether a new revision is worse than the one before, from what both answered in the same
/// period.
///
/// Asked every second or so, it falls back within a period only on evidence that chance does not
/// explain even over many questions; at the period's end on less. What is over a limit but may be
/// chance makes the period longer, up to `periodsMax` times; after that what is more likely than
/// not decides. A candidate that nobody invoked harms nobody and goes on; one that still has more
/// to answer than it has answered does not.
///
/// In the step that gives the candidate everything, the baseline answers nothing: pass what it
/// answered in the step before, so that there is something to measure by.
package struct RolloutJudge: Sendable {
    /// A fallback before the last extension is over needs as many answers of the candidate.
    package static let answersMin = 10
    /// And as many failures, where it is for failures.
    package static let failuresMin = 2
    /// A step takes as many periods at most.
    package static let periodsMax: Int64 = 5

    let policy: Manifest.Rollout
    /// The number of the old revision, for reasons.
    let baselineNumber: Int
    /// What the candidate was asked longer ago has ended: its `timeout.total`.
    let answerMillisMax: Int64

    package init(
        _ policy: Manifest.Rollout,
        baselineNumber: Int,
        answerMillisMax: Int64 = .max
    ) {
        self.policy = policy
        self.baselineNumber = baselineNumber
        self.answerMillisMax = answerMillisMax
    }

    /// What to do now.
    ///
    /// - Parameters:
    ///   - step: The one that is under way, from 0.
    ///   - elapsedMillis: Since it began.
    ///   - candidate: What the new revision answered since then.
    ///   - baseline: What the old one did.
    ///   - pending: What the new one has yet to answer.
    /// - Returns: `stay` until something is to change.
    package func verdict(
        step: Int,
        elapsedMillis: Int64,
        candidate: RolloutEvidence,
        baseline: RolloutEvidence,
        pending: RolloutPending = RolloutPending()
    ) -> RolloutVerdict {
        let moment = moment(at: elapsedMillis)
        let findings = [
            errorFinding(candidate, baseline, at: moment),
            latencyFinding(candidate.runMicros, baseline.runMicros, at: moment),
            silenceFinding(candidate, baseline, pending, at: moment),
        ]
        for case .worse(let reason) in findings { return .fallBack(reason: reason) }
        if moment == .within || findings.contains(.open) { return .stay }
        return step + 1 < policy.shares.count ? .advance(to: step + 1) : .complete
    }

    /// How far a step's time has come.
    enum Moment {
        case within
        case extended
        case last
    }

    enum Finding: Hashable {
        case fine
        /// Over the limit, but maybe by chance.
        case open
        case worse(String)
    }

    private func moment(at elapsedMillis: Int64) -> Moment {
        let period = Int64(policy.everyMillis)
        if elapsedMillis < period { return .within }
        return elapsedMillis < period * Self.periodsMax ? .extended : .last
    }
}
