import NIOConcurrencyHelpers

/// Leases whose invocation is given grace to stop, once that is over.
extension Pool {
    /// Whether the instance of a lease can be stopped without ending the invocation of somebody who
    /// still waits for its answer.
    package func isAlone(on lease: Lease) -> Bool {
        lock.withLockedValue { $0.state.isAlone(on: lease.id) }
    }

    /// Holds a lease no longer if somebody waits for an instance.
    /// - Returns: whether it is so; it is then released by `releaseOverstaying`.
    package func unhold(_ lease: Lease) -> Bool {
        let now = clock()
        let actions = lock.withLockedValue { $0.state.unhold(lease.id, now: now) }
        guard let actions else { return false }
        perform(actions)
        return true
    }

    /// Gives back a lease that is no longer held; not for one whose instance has died.
    package func releaseOverstaying(_ lease: Lease) {
        lock.withLockedValue { $0.state.endOverstay(lease.id) }
        release(lease)
    }
}
