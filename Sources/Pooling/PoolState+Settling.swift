import Functions

extension PoolState {
    /// Brings the pool to rest after an event: starts what is missing, rejects whom nobody will
    /// serve, and goes on with a drain.
    mutating func settle(_ actions: inout [PoolAction], now: UInt64, kind: StartKind? = nil) {
        start(missing(at: now), &actions, kind: kind)
        if !someoneWillServe, let pause = history.pause(at: now) {
            rejectWaiting(pause, &actions)
        }
        if mode == .draining { windDown(&actions) }
    }

    /// Begins instances, or the zygote that they need first.
    mutating func start(_ count: Int, _ actions: inout [PoolAction], kind: StartKind? = nil) {
        guard count > 0 else { return }
        switch zygote {
        case .absent:
            zygote = .opening(prewarm: 0)
            actions.append(.openZygote)
        case .opening, .closing:
            break
        case .ready:
            add(count, kind ?? .fork, &actions)
        case .unused:
            add(count, .cold, &actions)
        }
    }

    /// How many instances those waiting and `min` call for, and `max` and failed starts allow.
    func missing(at now: UInt64) -> Int {
        let counts = instances.counts
        var missing = 0
        if history.allowsRequest(at: now) {
            let wanted = (waiting.count + limits.concurrency - 1) / limits.concurrency
            missing = wanted - counts.starting
        }
        if mode == .serving, history.allowsRefill(at: now) {
            missing = max(missing, limits.min - counts.staying)
        }
        return max(0, min(missing, limits.max - counts.total))
    }

    mutating func rejectWaiting(_ reason: RejectReason, _ actions: inout [PoolAction]) {
        while let request = waiting.popFirst() { actions.append(.reject(request, reason)) }
    }

    mutating func stop(_ instance: InstanceID, _ actions: inout [PoolAction]) {
        instances.set(instance, .stopping)
        actions.append(.stop(instance))
    }

    private mutating func add(_ count: Int, _ kind: StartKind, _ actions: inout [PoolAction]) {
        for _ in 0..<count { actions.append(.start(instances.add(kind), kind)) }
    }

    private mutating func windDown(_ actions: inout [PoolAction]) {
        guard waiting.isEmpty else { return }
        for instance in instances.ids(where: \.isStarting) { stop(instance, &actions) }
        while let idle = instances.longestIdle { stop(idle.id, &actions) }
        guard instances.counts.total == 0 else { return }
        switch zygote {
        case .ready:
            zygote = .closing(prewarm: nil)
            actions.append(.closeZygote)
        case .absent, .unused:
            mode = .drained
            actions.append(.drained)
        case .opening, .closing:
            break
        }
    }
}

extension InstanceState {
    var isStarting: Bool {
        if case .starting = self { true } else { false }
    }

    var isBusy: Bool {
        switch self {
        case .busy, .held: true
        case .starting, .idle, .draining, .stopping: false
        }
    }
}
