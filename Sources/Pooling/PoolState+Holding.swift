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
        guard case .held(let leases, let held) = instances.state(of: instance) else {
            switch release(instance, now: now) {
            case .nothing: break
            case .lease(let request, let kind): actions.append(.lease(request, instance, kind))
            case .stop(let instance): actions.append(.stop(instance))
            }
            return actions
        }
        if !history.isClean { history.forget() }
        setHeld(instance, leases: leases - 1, held: held - 1, &actions, now: now)
        return actions
    }

    /// Whether nobody else's invocation would end with an instance that is stopped for one of its
    /// leases: the others too are held, or overstay.
    package func isAlone(on instance: InstanceID) -> Bool {
        guard let state = instances.state(of: instance) else { return true }
        var leaving = instances.overstaying[instance] ?? 0
        if case .held(_, let held) = state { leaving += held }
        // The lease for which this is asked may be neither yet.
        return state.leases <= max(1, leaving)
    }

    /// Holds a lease no longer though its invocation has not given way, where somebody waits: else
    /// a function with one instance would serve nobody until then.
    ///
    /// It overstays from now on: `endOverstay` comes before its `release`.
    /// - Returns: nil when nobody waits; the lease stays held.
    package mutating func unhold(_ instance: InstanceID, now: UInt64) -> [PoolAction]? {
        guard !waiting.isEmpty, case .held(let leases, let held) = instances.state(of: instance)
        else { return nil }
        var actions: [PoolAction] = []
        instances.overstaying[instance, default: 0] += 1
        setHeld(instance, leases: leases, held: held - 1, &actions, now: now)
        return actions
    }

    /// A lease that overstays is about to be released.
    package mutating func endOverstay(_ instance: InstanceID) {
        guard let count = instances.overstaying[instance] else { return }
        instances.overstaying[instance] = count > 1 ? count - 1 : nil
    }

    /// Leaves a held instance so many leases; when none is held it serves those waiting.
    private mutating func setHeld(
        _ instance: InstanceID,
        leases: Int,
        held: Int,
        _ actions: inout [PoolAction],
        now: UInt64
    ) {
        guard held == 0 else {
            return instances.set(instance, .held(leases: leases, held: held))
        }
        var leases = leases
        while leases < limits.concurrency, let request = waiting.popFirst() {
            leases += 1
            actions.append(.lease(request, instance, .warm))
        }
        instances.set(
            instance,
            leases > 0 ? .busy(leases: leases) : .idle(since: now, served: true)
        )
        settle(&actions, now: now)
    }
}
