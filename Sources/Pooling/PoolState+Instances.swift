import Functions

extension PoolState {
    /// An instance can serve: those who waited for it get it, and their start is its own.
    ///
    /// Whoever asks later finds it `warm`.
    package mutating func instanceReady(_ id: InstanceID, now: UInt64) -> [PoolAction] {
        guard case .starting(let kind) = instances.state(of: id) else { return [] }
        var actions: [PoolAction] = []
        var leases = 0
        while leases < limits.concurrency, let request = waiting.popFirst() {
            leases += 1
            actions.append(.lease(request, id, kind))
        }
        instances.set(id, leases > 0 ? .busy(leases: leases) : .idle(since: now, served: false))
        settle(&actions, now: now)
        return actions
    }

    /// An instance did not start; it is tried again for those waiting, a few times.
    package mutating func instanceFailed(
        _ id: InstanceID,
        _ failure: StartFailure,
        now: UInt64
    ) -> [PoolAction] {
        guard let state = instances.state(of: id) else { return [] }
        var actions: [PoolAction] = []
        instances.set(id, nil)
        let reason = state.endIsFailedStart ? history.failed(failure, now: now) : nil
        if let reason, !someoneWillServe {
            rejectWaiting(reason, &actions)
            // A zygote of which no fork lives may be what is broken: the next try begins afresh.
            if zygote == .ready, instances.counts.total == 0, mode == .serving {
                zygote = .closing(prewarm: nil)
                actions.append(.closeZygote)
            }
        }
        settle(&actions, now: now)
        return actions
    }

    /// An instance could not be forked, as the zygote is ending.
    ///
    /// That is no failed start: the end of the zygote counts as one, now. Nothing more is forked
    /// from it, and those waiting get another one once `zygoteEnded` has come.
    package mutating func instanceLost(
        _ id: InstanceID,
        _ failure: StartFailure,
        now: UInt64
    ) -> [PoolAction] {
        guard case .starting = instances.state(of: id), zygote != .unused else {
            return instanceFailed(id, failure, now: now)
        }
        var actions: [PoolAction] = []
        instances.set(id, nil)
        if zygote == .ready {
            zygote = .closing(prewarm: nil)
            if let reason = history.failed(.zygoteEnded, now: now) {
                rejectWaiting(reason, &actions)
            }
        }
        settle(&actions, now: now)
        return actions
    }

    /// An instance is gone, asked or not.
    ///
    /// Its leases are void: the owner fails these invocations and does not release them.
    package mutating func instanceEnded(_ id: InstanceID, now: UInt64) -> [PoolAction] {
        instanceFailed(id, .instanceEnded, now: now)
    }

    /// Stops the instance that has been idle longest, as another pool needs its memory; nil when
    /// none is idle or no more than `min` are left.
    package mutating func evictIdle() -> InstanceID? {
        guard let idle = instances.longestIdle, evict(idle.id) else { return nil }
        return idle.id
    }

    /// Stops that instance, as another pool needs what it holds; false when it is not idle or no
    /// more than `min` are left.
    package mutating func evict(_ id: InstanceID) -> Bool {
        guard instances.counts.staying > limits.min, case .idle = instances.state(of: id) else {
            return false
        }
        instances.set(id, .stopping)
        return true
    }

    /// Since when those are idle that `evictIdle` would stop one after another, longest first.
    package var evictableIdleSince: [UInt64] {
        instances.longestIdle(max(0, instances.counts.staying - limits.min)).map(\.since)
    }
}

extension InstanceState {
    /// Whether an instance that ends in this state has never been of use.
    fileprivate var endIsFailedStart: Bool {
        switch self {
        case .starting: true
        case .idle(_, let served): !served
        case .busy, .held, .draining, .stopping: false
        }
    }
}
