import Functions

/// Leases whose invocation is given grace to stop. An instance may have to be stopped with such a
/// one, so it gets no other invocations meanwhile, which would end with it.
extension PoolState {
    /// An instance takes nothing new until this lease is given back by `releaseHeld`.
    package mutating func hold(_ instance: InstanceID) {
        switch instances.state(of: instance) {
        case .busy(let leases): instances.set(instance, .held(leases: leases, held: 1))
        case .held(let leases, let held):
            instances.set(instance, .held(leases: leases, held: held + 1))
        case .starting, .idle, .draining, .stopping, nil: break
        }
    }

    /// Takes back a lease that was held; with the last of them the instance has room again.
    package mutating func releaseHeld(_ instance: InstanceID, now: UInt64) -> [PoolAction] {
        var actions: [PoolAction] = []
        guard case .held(var leases, let held) = instances.state(of: instance) else {
            switch release(instance, now: now) {
            case .nothing: break
            case .lease(let request, let kind): actions.append(.lease(request, instance, kind))
            case .stop(let instance): actions.append(.stop(instance))
            }
            return actions
        }
        if !history.isClean { history.forget() }
        leases -= 1
        guard held == 1 else {
            instances.set(instance, .held(leases: leases, held: held - 1))
            return actions
        }
        while leases < limits.concurrency, let request = waiting.popFirst() {
            leases += 1
            actions.append(.lease(request, instance, .warm))
        }
        instances.set(
            instance,
            leases > 0 ? .busy(leases: leases) : .idle(since: now, served: true)
        )
        settle(&actions, now: now)
        return actions
    }
}
