package import Functions
package import Instances
import NIOConcurrencyHelpers

/// All instances of one revision on this node: does what `PoolState` decides.
///
/// Callable from any thread. The lock is held for decisions only, never while acting.
package final class Pool: @unchecked Sendable {
    struct Mutable {
        var state: PoolState
        var sandbox: (any Sandbox)?
        /// When the sandbox began to open: cold starts count from here.
        var openedAt: UInt64 = 0
        /// What opens sandboxes; given up when the pool is drained and nobody may wait.
        var opening: [Opening: Task<Void, Never>] = [:]
        var instances: [InstanceID: Running] = [:]
        /// The sandboxes of instances that are not forked.
        var ownSandboxes: [InstanceID: any Sandbox] = [:]
        /// Told to stop before they had started.
        var doomed: Set<InstanceID> = []
        var waiters: [RequestID: any LeaseWaiter] = [:]
        var drainedHandlers: [@Sendable () -> Void] = []
        var isDrained = false
        var lastUsedAt: UInt64 = 0
        var leaseCount = 0
        /// Why the sandbox or an instance last failed to start; nil once one did.
        var lastFailure: InstanceError?
    }

    /// What a sandbox is opened for.
    enum Opening: Hashable {
        case zygote
        case instance(InstanceID)
    }

    struct Running {
        let instance: any Instance
        let startNanos: UInt64
    }

    package let revision: Revision
    /// Instances are forked from a zygote; otherwise each has a sandbox of its own.
    package let forks: Bool
    let host: any PoolHost
    let clock: @Sendable () -> UInt64
    let lock: NIOLockedValueBox<Mutable>

    /// Makes an empty pool; `clock` gives monotonic nanoseconds.
    package init(
        revision: Revision,
        forks: Bool,
        host: any PoolHost,
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.forks = forks
        self.revision = revision
        self.host = host
        self.clock = clock
        lock = NIOLockedValueBox(
            Mutable(
                state: PoolState(
                    limits: PoolLimits(revision.manifest.scale),
                    forks: forks
                )
            )
        )
    }

    /// Asks for an instance; `waiter` is called only when the answer is `waiting`.
    package func acquire(_ id: RequestID, waiter: any LeaseWaiter) -> LeaseDecision {
        let now = clock()
        let decided = lock.withLockedValue { value -> (LeaseDecision, Start) in
            switch value.state.request(id, now: now) {
            case .lease(let instance, let kind):
                guard let running = value.instances[instance] else { return (.waiting, .nothing) }
                value.leaseCount += 1
                return (.lease(running.lease(instance, kind)), .nothing)
            case .wait(let start):
                value.waiters[id] = waiter
                return (.waiting, start)
            case .reject(let reason): return (.rejected(reason), .nothing)
            }
        }
        switch decided.1 {
        case .nothing: break
        case .openZygote: perform([.openZygote])
        case .instance(let instance, let kind): perform([.start(instance, kind)])
        }
        return decided.0
    }

    /// Has the instance of a lease take nothing new: the lease's invocation is given grace to stop.
    ///
    /// The lease is to be released by `releaseHeld`.
    package func hold(_ lease: Lease) {
        lock.withLockedValue { $0.state.hold(lease.id) }
    }

    /// Gives back a lease that was held; not for one whose instance has died.
    package func releaseHeld(_ lease: Lease) {
        change { $0.releaseHeld(lease.id, now: $1) }
        lock.withLockedValue { $0.lastUsedAt = clock() }
    }

    /// Gives a lease back; not for one whose instance has died.
    package func release(_ lease: Lease) {
        let now = clock()
        let next = lock.withLockedValue { value -> PoolAction? in
            value.lastUsedAt = now
            switch value.state.release(lease.id, now: now) {
            case .nothing: return nil
            case .lease(let request, let kind): return .lease(request, lease.id, kind)
            case .stop(let instance): return .stop(instance)
            }
        }
        if let next { perform([next]) }
    }

    /// Takes a request out of the queue; false when it is not waiting.
    package func cancel(_ id: RequestID) -> Bool {
        lock.withLockedValue { value in
            guard value.state.cancel(id) else { return false }
            value.waiters[id] = nil
            return true
        }
    }

    /// Does what time has made due.
    package func tick() {
        let now = clock()
        let actions = lock.withLockedValue { value -> [PoolAction] in
            guard let deadline = value.state.nextDeadline(), deadline <= now else { return [] }
            return value.state.tick(now: now)
        }
        perform(actions)
    }

    /// Starts what `min` asks for.
    package func activate() { change { $0.activate(now: $1) } }

    /// Keeps no instance that nobody asks for: the zygote stays while there is memory for it.
    package func rest() {
        let limits = PoolLimits(revision.manifest.scale)
        change { $0.setLimits(limits.resting, now: $1) }
    }

    /// Starts what `min` asks for again.
    package func wake() {
        let limits = PoolLimits(revision.manifest.scale)
        change { $0.setLimits(limits, now: $1) }
    }

    package func prewarm(_ count: Int) { change { $0.prewarm(count, now: $1) } }

    /// Stops the instance that has been idle longest, to give its memory to another pool.
    package func evictIdle() {
        change { state, _ in state.evictIdle().map { [.stop($0)] } ?? [] }
    }

    /// Stops that instance if it is idle, to give what it holds to another pool.
    package func evict(_ id: InstanceID) {
        change { state, _ in state.evict(id) ? [.stop(id)] : [] }
    }

    /// Closes the zygote, to give its memory to another pool.
    package func evictZygote() { change { state, _ in state.closeZygote() } }

    /// Takes nothing from now on, and rejects what waits.
    package func refuse() { change { $0.drain(rejectingWaiting: true, now: $1) } }

    /// Takes nothing from now on, and stops every instance, whatever it is doing.
    package func stopInstances() {
        // First: what became busy after the look would go on for as long as it likes.
        refuse()
        for running in lock.withLockedValue({ Array($0.instances.values) }) {
            running.instance.stop()
        }
    }

    /// Takes nothing new and returns when everything has ended.
    package func drain(rejectingWaiting: Bool = false) async {
        await withCheckedContinuation { continuation in
            let isDrained = lock.withLockedValue { value in
                if !value.isDrained { value.drainedHandlers.append { continuation.resume() } }
                return value.isDrained
            }
            if isDrained { return continuation.resume() }
            change { $0.drain(rejectingWaiting: rejectingWaiting, now: $1) }
            guard rejectingWaiting else { return }
            for task in lock.withLockedValue({ $0.opening.values }) { task.cancel() }
        }
    }

    package var snapshot: PoolSnapshot { lock.withLockedValue { $0.state.snapshot } }

    package var evictableIdleSince: [UInt64] {
        lock.withLockedValue { $0.state.evictableIdleSince }
    }

    package var activity: PoolActivity { lock.withLockedValue { $0.state.activity } }

    /// How many leases were given since it was last asked.
    package func takeLeaseCount() -> Int {
        lock.withLockedValue { value in
            defer { value.leaseCount = 0 }
            return value.leaseCount
        }
    }

    /// Why the last start failed, with traceback and log; nil when it did not.
    package var lastFailure: InstanceError? { lock.withLockedValue { $0.lastFailure } }

    /// What loading found out; nil while no sandbox is open.
    package var report: LoadReport? {
        lock.withLockedValue { $0.sandbox ?? $0.ownSandboxes.values.first }?.report
    }

    /// Memory of the zygote now, in MiB; 0 without one.
    package func zygoteMemoryMiB() async -> Int {
        await lock.withLockedValue { $0.sandbox ?? $0.ownSandboxes.values.first }?.memoryMiB() ?? 0
    }

    /// When a lease last ended, in monotonic nanoseconds; 0 when none has.
    package var lastUsedAt: UInt64 { lock.withLockedValue { $0.lastUsedAt } }

    /// Puts an event to the state and does what it decides.
    func change(_ event: (inout PoolState, UInt64) -> [PoolAction]) {
        let now = clock()
        perform(lock.withLockedValue { event(&$0.state, now) })
    }
}

extension Pool.Running {
    func lease(_ id: InstanceID, _ kind: StartKind) -> Lease {
        Lease(
            instance: instance,
            id: id,
            startKind: kind,
            startNanos: kind == .warm ? 0 : startNanos
        )
    }
}
