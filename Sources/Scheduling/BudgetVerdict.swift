/// What the budget says to something that needs memory.
package enum BudgetVerdict: Sendable, Equatable {
    /// The memory is reserved.
    case admitted
    /// Nothing is reserved yet: give these up, release each once it has ended, then ask again.
    ///
    /// None may be named, where enough is ending already. Others may ask meanwhile, so the next
    /// verdict may name more; the caller's deadline ends it.
    case evict(Eviction)
    case refused(BudgetRefusal)
}

/// Why there is no memory; all figures in MiB.
package enum BudgetRefusal: Sendable, Equatable {
    /// It would not fit an empty node.
    case tooLarge(neededMiB: Int, budgetMiB: Int)
    /// It would fit, but what is in use leaves less than it needs: later it may.
    case inUse(neededMiB: Int, availableMiB: Int)
}

/// What to give up: the instances first, as a zygote can only go when its instances have.
package struct Eviction: Sendable, Equatable {
    /// The pool of each idle instance to stop, longest idle first; a pool may come several times.
    package var instances: [PoolKey] = []
    /// Zygotes to close, least valuable first.
    package var zygotes: [PoolKey] = []

    package init() {}

    package var isEmpty: Bool { instances.isEmpty && zygotes.isEmpty }
}

/// The instances of a pool that it could do without right now, or has given up already.
package struct IdleInstances: Sendable {
    package let pool: PoolKey
    /// What is reserved for each of them.
    package let mebibytes: Int
    /// Since when each is idle, in monotonic nanoseconds, longest first.
    package let idleSince: [UInt64]
    /// Those that were told to stop and have not ended, so that nothing else goes in their place.
    package let stopping: Int

    package init(pool: PoolKey, mebibytes: Int, idleSince: [UInt64], stopping: Int = 0) {
        self.pool = pool
        self.mebibytes = mebibytes
        self.idleSince = idleSince
        self.stopping = stopping
    }
}
