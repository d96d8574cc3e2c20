/// How starting went lately: it decides when it may be tried again.
///
/// Failed starts make up a round. A round is over when an instance has failed `attemptsMax` times
/// or a zygote once. After the first round the next request tries at once; from the second on
/// everybody pauses, for 1 s, then 2, 4, ... 60 s. A lease that was completed forgets it all;
/// becoming ready does not, as what starts well and dies at once would otherwise be started for
/// ever.
struct StartHistory: Sendable {
    /// Failed starts of instances in one round.
    static let attemptsMax = 3
    /// Rounds after which the next request still tries at once.
    static let roundsWithoutPause = 1
    static let pauseNanosMin: UInt64 = 1_000_000_000
    static let pauseNanosMax: UInt64 = 60_000_000_000

    private enum State {
        case clean
        case failing(Failing)
    }

    private struct Failing {
        /// In the round that is open.
        var attempts: Int
        /// Those that are over.
        var rounds: Int
        var retryAt: UInt64
        var failure: StartFailure
    }

    private var state = State.clean

    var isClean: Bool {
        if case .clean = state { true } else { false }
    }

    mutating func forget() { state = .clean }

    /// Notes that an instance did not start, or that its zygote died; once the round is over, what
    /// to tell those who wait.
    mutating func failed(_ failure: StartFailure, now: UInt64) -> RejectReason? {
        var failing = current(failure)
        // What was under way when a pause began belongs to the round before it.
        if allowsRequest(at: now) { failing.attempts += 1 }
        state = .failing(failing)
        if failing.attempts >= Self.attemptsMax { return endRound(failing, now: now) }
        return pause(at: now)
    }

    /// Notes that the zygote did not open, which ends the round; what to tell those who wait.
    mutating func gaveUp(_ failure: StartFailure, now: UInt64) -> RejectReason {
        endRound(current(failure), now: now)
    }

    /// What to tell a request for which nothing may be started now; nil when something may.
    func pause(at now: UInt64) -> RejectReason? {
        guard case .failing(let failing) = state, !allowsRequest(at: now) else { return nil }
        return .startFailed(failing.failure, retryAfterNanos: failing.retryAt - now)
    }

    /// Whether something may be started for a request.
    func allowsRequest(at now: UInt64) -> Bool {
        guard case .failing(let failing) = state else { return true }
        return failing.rounds <= Self.roundsWithoutPause || now >= failing.retryAt
    }

    /// Whether something may be started that nobody waits for, which never hurries.
    func allowsRefill(at now: UInt64) -> Bool {
        guard case .failing(let failing) = state else { return true }
        return failing.rounds == 0 || now >= failing.retryAt
    }

    /// When everything is allowed (again); 0 when it is now.
    var retryAt: UInt64 {
        guard case .failing(let failing) = state, failing.rounds > 0 else { return 0 }
        return failing.retryAt
    }

    private func current(_ failure: StartFailure) -> Failing {
        guard case .failing(var failing) = state else {
            return Failing(attempts: 0, rounds: 0, retryAt: 0, failure: failure)
        }
        failing.failure = failure
        return failing
    }

    private mutating func endRound(_ failing: Failing, now: UInt64) -> RejectReason {
        let rounds = failing.rounds + 1
        let doublings = UInt64(max(0, min(rounds - 1 - Self.roundsWithoutPause, 16)))
        let length = min(Self.pauseNanosMin << doublings, Self.pauseNanosMax)
        let retryAt = now.addingReportingOverflow(length)
        state = .failing(
            Failing(
                attempts: 0,
                rounds: rounds,
                retryAt: retryAt.overflow ? .max : retryAt.partialValue,
                failure: failing.failure
            )
        )
        return pause(at: now) ?? .startFailed(failing.failure, retryAfterNanos: 0)
    }
}
