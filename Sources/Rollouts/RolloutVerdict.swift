/// What becomes of a rollout.
package enum RolloutVerdict: Sendable, Hashable {
    /// The step goes on: it isn't over, or what was seen in it is too little to decide by.
    case stay
    /// The step of this number begins, from 0, the canary.
    case advance(to: Int)
    /// The last step is over: all of the traffic stays with the candidate.
    case complete
    /// All of the traffic goes back to the baseline; the reason is a sentence.
    case fallBack(reason: String)
}
