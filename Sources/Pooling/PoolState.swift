import Functions

/// All instances of one revision on this node: who gets which, and what starts and stops.
///
/// It decides and its owner acts: it has no clock, lock or I/O. `now` is monotonic, in nanoseconds,
/// and never goes back. `request` and `release` of an instance that is there take constant time and
/// no memory; every other event returns what to do, in order. An event about an instance that is no
/// longer known is ignored, as ends and answers may cross.
package struct PoolState: Sendable {
    /// Whether the pool takes requests.
    enum Mode {
        case serving
        /// Serves those that wait, then stops everything.
        case draining
        case drained
    }

    package internal(set) var limits: PoolLimits
    var mode = Mode.serving
    var zygote: ZygoteState
    var instances: InstanceTable
    var waiting = WaitingQueue()
    var history = StartHistory()

    /// Makes an empty pool; `activate` begins what `limits.min` asks for.
    ///
    /// With `forks` false each instance is in a sandbox of its own and there is no zygote.
    package init(limits: PoolLimits, forks: Bool = true) {
        self.limits = limits
        zygote = forks ? .absent : .unused
        instances = InstanceTable(concurrency: limits.concurrency)
    }

    /// Gives the caller an instance, a place in the queue, or a reason.
    package mutating func request(_ id: RequestID, now: UInt64) -> RequestDecision {
        guard mode == .serving else { return .reject(.draining) }
        if let instance = instances.leaseBusiest() { return .lease(instance, .warm) }
        return enqueue(id, now: now)
    }

    /// Takes back one lease of an instance.
    package mutating func release(_ instance: InstanceID, now: UInt64) -> ReleaseDecision {
        switch instances.state(of: instance) {
        case .busy(let leases):
            if !history.isClean { history.forget() }
            if leases <= limits.concurrency, let next = waiting.popFirst() {
                return .lease(next, .warm)
            }
            if leases > 1 {
                instances.set(instance, .busy(leases: leases - 1))
            } else if mode == .serving {
                instances.set(instance, .idle(since: now, served: true))
            } else {
                return stop(instance)
            }
        case .held(let leases, let held):
            if !history.isClean { history.forget() }
            instances.set(instance, .held(leases: leases - 1, held: held))
        case .draining(let leases):
            if leases == 1 { return stop(instance) }
            instances.set(instance, .draining(leases: leases - 1))
        case .starting, .idle, .stopping, nil:
            break
        }
        return .nothing
    }

    /// Takes a request out of the queue; false when it is not waiting, so has or gets an answer.
    package mutating func cancel(_ id: RequestID) -> Bool {
        waiting.remove(id)
    }

    /// Numbers for metrics.
    package var snapshot: PoolSnapshot { PoolSnapshot(self) }

    private mutating func enqueue(_ id: RequestID, now: UInt64) -> RequestDecision {
        guard waiting.count < limits.queueDepthMax else { return .reject(.queueFull) }
        let pause = history.pause(at: now)
        if let pause, !someoneWillServe { return .reject(pause) }
        waiting.append(id)
        let counts = instances.counts
        guard pause == nil, counts.starting * limits.concurrency < waiting.count,
            counts.total < limits.max
        else { return .wait(.nothing) }
        switch zygote {
        case .absent:
            zygote = .opening(prewarm: 0)
            return .wait(.openZygote)
        case .opening, .closing:
            return .wait(.nothing)
        case .ready:
            return .wait(.instance(instances.add(.fork), .fork))
        case .unused:
            return .wait(.instance(instances.add(.cold), .cold))
        }
    }

    private mutating func stop(_ instance: InstanceID) -> ReleaseDecision {
        instances.set(instance, .stopping)
        return .stop(instance)
    }

    /// Whether a request that waits can count on what exists.
    var someoneWillServe: Bool {
        if case .opening = zygote { return true }
        return instances.counts.starting + instances.counts.busy > 0
    }
}
