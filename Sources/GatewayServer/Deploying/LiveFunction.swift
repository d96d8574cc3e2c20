import Functions
import Rollouts

/// What the gateway remembers of a function in service beside its traffic.
struct LiveFunction {
    /// A revision that takes no traffic any more, kept for a way back.
    struct Resting {
        let route: Route
        /// Monotonic nanoseconds.
        let until: UInt64
    }

    /// Of each at most one; the oldest first.
    var resting: [Resting] = []
    /// When the step of its rollout began, in monotonic nanoseconds.
    var stepBeganAt: UInt64 = 0
    /// What revisions that are judged had answered by then, by their numbers.
    var answeredBefore: [Int: RolloutEvidence] = [:]
    /// Since when the candidate has had something to answer and has answered nothing in the step,
    /// in monotonic nanoseconds; nil while that is not so.
    var silentSince: UInt64?
    /// What the baseline answered in the step before: in the last one it answers nothing.
    var lastBaseline = RolloutEvidence()
    /// Why its probe was not answered as it should be; nil when it was, or there is none.
    var failure: String?
    /// When it is to be probed, in monotonic nanoseconds.
    var probeAt: UInt64 = 0
    /// The revision that is being probed.
    var probing: Int?

    /// What `route` has answered since the step of its rollout began.
    func answered(_ route: Route) -> RolloutEvidence {
        let now = route.tally?.snapshot() ?? RolloutEvidence()
        return answeredBefore[route.revision.number].map { now.since($0) } ?? now
    }
}
