import Devices
package import Functions
package import Instances
package import Logging
import NIOConcurrencyHelpers
package import Pooling

/// All pools of this node, under one budget of host memory and one of GPU memory.
package final class Scheduler: Sendable {
    struct Mutable {
        var budget: NodeBudget
        var pools: [PoolKey: Pool] = [:]
        var lastKey: UInt32 = 0
        var isClosed = false
    }

    /// Finds a revision's files and layers; called each time its sandbox is made.
    package typealias Planner = @Sendable (Revision) throws(InstanceError) -> SandboxPlan

    let driver: any InstanceDriver
    package let gpus: GPUs?
    let plan: Planner
    let clock: @Sendable () -> UInt64
    let limits: Limits
    let logger: Logger
    let lock: NIOLockedValueBox<Mutable>

    /// Makes a scheduler without pools.
    ///
    /// `gpus` is nil on a node without a GPU; `clock` gives monotonic nanoseconds.
    package init(
        driver: any InstanceDriver,
        gpus: GPUs?,
        limits: Limits,
        logger: Logger,
        clock: @escaping @Sendable () -> UInt64,
        plan: @escaping Planner
    ) {
        self.driver = driver
        self.gpus = gpus
        self.limits = limits
        self.logger = logger
        self.clock = clock
        self.plan = plan
        lock = NIOLockedValueBox(Mutable(budget: NodeBudget(budgetMiB: limits.memoryMiB)))
    }

    /// Makes the pool of a revision; it starts nothing before it is asked to.
    package func makePool(for revision: Revision, forks: Bool) -> Pool {
        let (pool, isClosed) = lock.withLockedValue { value in
            value.lastKey += 1
            let key = PoolKey(value.lastKey)
            let pool = Pool(
                revision: revision,
                forks: forks,
                host: NodePool(scheduler: self, key: key, revision: revision, forks: forks),
                clock: clock
            )
            value.pools[key] = pool
            return (pool, value.isClosed)
        }
        if isClosed { pool.refuse() }
        return pool
    }

    /// Pools that are made from now on take nothing: the node is stopping.
    package func close() { lock.withLockedValue { $0.isClosed = true } }

    /// Drains a pool and forgets it; returns when nothing of it is left.
    package func retire(_ pool: Pool, rejectingWaiting: Bool = false) async {
        await pool.drain(rejectingWaiting: rejectingWaiting)
        lock.withLockedValue { value in
            value.pools = value.pools.filter { $0.value !== pool }
        }
    }

    /// Does what time has made due in every pool, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(limits.tickMillis))
            let now = clock()
            for (key, pool) in lock.withLockedValue({ $0.pools }) {
                pool.tick()
                let uses = pool.takeLeaseCount()
                guard uses > 0 else { continue }
                lock.withLockedValue { $0.budget.used(key, uses: uses, now: now) }
            }
            relieve()
        }
    }

    /// Every pool that has been used since the gateway started.
    package var pools: [Pool] { lock.withLockedValue { Array($0.pools.values) } }

    /// Host memory that is held, and how much there is, in MiB.
    package var memory: (heldMiB: Int, budgetMiB: Int) {
        lock.withLockedValue { ($0.budget.heldMiB, $0.budget.budgetMiB) }
    }
}

extension Scheduler {
    /// What a node allows.
    package struct Limits: Sendable {
        /// Host memory for zygotes and instances, in MiB.
        package var memoryMiB: Int
        /// How long a start may wait for memory that others give up, in milliseconds.
        package var reserveMillisMax = 10_000
        /// How often that is looked at, in milliseconds.
        package var reservePollMillis = 5
        /// How often keep-alives are looked at, in milliseconds.
        package var tickMillis = 50

        package init(memoryMiB: Int) { self.memoryMiB = memoryMiB }
    }

    /// Gives up what a zygote that turned out larger than its estimate has taken over the budget.
    private func relieve() {
        let pools = lock.withLockedValue { $0.pools }
        let eviction = lock.withLockedValue { value in
            value.budget.overMiB > 0 ? value.budget.relief { Self.idle(in: pools) } : Eviction()
        }
        evict(eviction)
    }

    func evict(_ eviction: Eviction) {
        let pools = lock.withLockedValue { $0.pools }
        for key in eviction.instances { pools[key]?.evictIdle() }
        for key in eviction.zygotes { pools[key]?.evictZygote() }
    }

    static func idle(in pools: [PoolKey: Pool]) -> [IdleInstances] {
        pools.map { key, pool in
            IdleInstances(
                pool: key,
                mebibytes: pool.revision.manifest.limits.memoryMiB,
                idleSince: pool.evictableIdleSince,
                stopping: pool.snapshot.stopping
            )
        }
    }
}
