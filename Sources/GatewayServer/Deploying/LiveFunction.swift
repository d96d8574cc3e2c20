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
    /// What the baseline answered in the step before: in the last one it answers nothing.
    var lastBaseline = RolloutEvidence()
    /// Why its probe was not answered as it should be; nil when it was, or there is none.
    var failure: String?
    /// When it is to be probed, in monotonic nanoseconds.
    var probeAt: UInt64 = 0
    var isProbing = false
}
