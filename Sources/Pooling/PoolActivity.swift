/// What the instances of a pool are doing, for whoever may need what some of them hold.
///
/// An instance that is neither idle nor in use is ending, or has ended.
package struct PoolActivity: Sendable, Hashable {
    package struct Idle: Sendable, Hashable {
        package let id: InstanceID
        /// Monotonic nanoseconds.
        package let since: UInt64

        package init(id: InstanceID, since: UInt64) {
            self.id = id
            self.since = since
        }
    }

    /// Longest idle first.
    package let idle: [Idle]
    /// How many of the idle ones the pool could do without; `min` keeps the others.
    package let spareCount: Int
    /// Those that are starting or have leases.
    package let inUse: Set<InstanceID>

    package init(idle: [Idle] = [], spareCount: Int? = nil, inUse: Set<InstanceID> = []) {
        self.idle = idle
        self.spareCount = min(spareCount ?? idle.count, idle.count)
        self.inUse = inUse
    }
}

extension PoolState {
    /// Takes time with the number of instances.
    package var activity: PoolActivity {
        let counts = instances.counts
        return PoolActivity(
            idle: instances.longestIdle(counts.idle).map { PoolActivity.Idle(id: $0, since: $1) },
            spareCount: max(0, counts.staying - limits.min),
            inUse: Set(instances.ids { $0.isStarting || $0.leases > 0 })
        )
    }
}
