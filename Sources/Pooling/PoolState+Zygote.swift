import Functions

extension PoolState {
    /// The zygote can be forked: those who wait for it get instances, whose start is `cold`.
    package mutating func zygoteReady(now: UInt64) -> [PoolAction] {
        guard case .opening(let prewarm) = zygote else { return [] }
        var actions: [PoolAction] = []
        zygote = .ready
        let counts = instances.counts
        let wanted = min(prewarm - counts.staying, limits.max - counts.total)
        if mode == .serving { start(max(wanted, missing(at: now)), &actions, kind: .cold) }
        settle(&actions, now: now, kind: .cold)
        return actions
    }

    /// The zygote did not open: everybody waiting is told why.
    package mutating func zygoteFailed(_ failure: StartFailure, now: UInt64) -> [PoolAction] {
        guard case .opening = zygote else { return [] }
        var actions: [PoolAction] = []
        zygote = .absent
        rejectWaiting(history.gaveUp(failure, now: now), &actions)
        settle(&actions, now: now)
        return actions
    }

    /// The zygote is gone, asked or not, and all its instances with it.
    ///
    /// Their leases are void: the owner fails these invocations and does not release them.
    package mutating func zygoteEnded(now: UInt64) -> [PoolAction] {
        var actions: [PoolAction] = []
        switch zygote {
        case .unused, .absent:
            return []
        case .opening:
            return zygoteFailed(.zygoteEnded, now: now)
        case .closing(let prewarm):
            zygote = .absent
            instances.removeAll()
            if let prewarm, mode == .serving { actions = self.prewarm(prewarm, now: now) }
        case .ready:
            zygote = .absent
            instances.removeAll()
            if let reason = history.failed(.zygoteEnded, now: now) {
                rejectWaiting(reason, &actions)
            }
        }
        settle(&actions, now: now)
        return actions
    }

    /// Gives up the zygote, for its memory; does nothing while an instance exists, as instances end
    /// with it, or while one is wanted.
    package mutating func closeZygote() -> [PoolAction] {
        guard zygote == .ready, instances.counts.total == 0, waiting.isEmpty,
            mode == .serving, limits.min == 0
        else { return [] }
        zygote = .closing(prewarm: nil)
        return [.closeZygote]
    }

    /// Starts instances until `count` are there or on their way, within `max`, before anybody asks;
    /// 0 opens the zygote alone.
    ///
    /// Does nothing while failed starts make everybody wait. Keep-alive ends them like any other.
    package mutating func prewarm(_ count: Int, now: UInt64) -> [PoolAction] {
        guard mode == .serving, history.allowsRefill(at: now) else { return [] }
        var actions: [PoolAction] = []
        switch zygote {
        case .absent:
            zygote = .opening(prewarm: count)
            actions.append(.openZygote)
        case .opening(let other):
            zygote = .opening(prewarm: max(count, other))
        case .closing(let other):
            zygote = .closing(prewarm: max(count, other ?? 0))
        case .ready, .unused:
            let counts = instances.counts
            start(min(count - counts.staying, limits.max - counts.total), &actions)
        }
        return actions
    }
}
