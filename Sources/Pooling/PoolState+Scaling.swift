import Functions

extension PoolState {
    /// Begins what `min` asks for; call it once the pool may act.
    package mutating func activate(now: UInt64) -> [PoolAction] {
        var actions: [PoolAction] = []
        settle(&actions, now: now)
        return actions
    }

    /// Stops what has been idle for the keep-alive, longest first and down to `min`, and tries
    /// again what had to wait after failed starts.
    package mutating func tick(now: UInt64) -> [PoolAction] {
        var actions: [PoolAction] = []
        while let deadline = keepAliveDeadline, deadline <= now, let idle = evictIdle() {
            actions.append(.stop(idle))
        }
        settle(&actions, now: now)
        return actions
    }

    /// When `tick` next has something to do, which may be in the past; nil until another event.
    ///
    /// Every event may change it. It takes constant time.
    package func nextDeadline() -> UInt64? {
        guard let retry = retryDeadline else { return keepAliveDeadline }
        return keepAliveDeadline.map { min($0, retry) } ?? retry
    }

    /// Takes nothing new, serves those that wait (or rejects them), then stops everything; the last
    /// action is `drained`.
    package mutating func drain(rejectingWaiting: Bool = false, now: UInt64) -> [PoolAction] {
        guard mode != .drained else { return [] }
        var actions: [PoolAction] = []
        mode = .draining
        if rejectingWaiting { rejectWaiting(.draining, &actions) }
        settle(&actions, now: now)
        return actions
    }

    /// Changes the limits; what is over `max` then goes: starting first, then idle longest, and
    /// those with the fewest leases once they have ended.
    package mutating func setLimits(_ limits: PoolLimits, now: UInt64) -> [PoolAction] {
        var actions: [PoolAction] = []
        self.limits = limits
        instances.setConcurrency(limits.concurrency)
        stopSurplus(&actions)
        while !waiting.isEmpty, let instance = instances.leaseBusiest() {
            guard let request = waiting.popFirst() else { break }
            actions.append(.lease(request, instance, .warm))
        }
        settle(&actions, now: now)
        return actions
    }

    private mutating func stopSurplus(_ actions: inout [PoolAction]) {
        var surplus: Int { instances.counts.staying - limits.max }
        guard surplus > 0 else { return }
        for instance in instances.ids(where: \.isStarting).sorted(by: >).prefix(surplus) {
            stop(instance, &actions)
        }
        while surplus > 0, let idle = instances.longestIdle { stop(idle.id, &actions) }
        guard surplus > 0 else { return }
        let busy = instances.ids(where: \.isBusy)
            .map { (id: $0, leases: instances.state(of: $0)?.leases ?? 0) }
            .sorted { ($0.leases, $0.id) < ($1.leases, $1.id) }
        for instance in busy.prefix(surplus) {
            instances.set(instance.id, .draining(leases: instance.leases))
        }
    }

    private var keepAliveDeadline: UInt64? {
        guard instances.counts.staying > limits.min, let idle = instances.longestIdle else {
            return nil
        }
        let deadline = idle.since.addingReportingOverflow(limits.keepAliveNanos)
        return deadline.overflow ? .max : deadline.partialValue
    }

    /// When something that failed starts have put off can begin.
    private var retryDeadline: UInt64? {
        switch zygote {
        case .opening, .closing: nil
        case .absent, .ready, .unused: missing(at: history.retryAt) > 0 ? history.retryAt : nil
        }
    }
}

extension InstanceState {
    var leases: Int {
        switch self {
        case .busy(let leases), .held(let leases, _), .draining(let leases): leases
        case .starting, .idle, .stopping: 0
        }
    }
}
