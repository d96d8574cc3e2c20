extension NodeBudget {
    /// Chooses idle instances, longest idle first, then zygotes, least valuable first, until enough
    /// memory is named or nothing is left to name.
    ///
    /// What is stopping already counts first. A zygote may go with the instances before it if these
    /// are all that its pool has. What belongs to `spared` stays: it is what the memory is for.
    func plan(
        toFree needed: Int,
        sparing spared: PoolKey?,
        idle: [IdleInstances]
    ) -> (eviction: Eviction, freedMiB: Int) {
        var eviction = Eviction()
        var leaving: [PoolKey: Int] = [:]
        var freed = 0
        for instances in idle {
            let stopping = min(instances.stopping, holders[instances.pool]?.instances ?? 0)
            leaving[instances.pool, default: 0] += stopping
            freed += stopping * Self.bounded(instances.mebibytes)
        }
        for candidate in longestIdle(idle) where freed < needed && candidate.pool != spared {
            guard let holder = holders[candidate.pool],
                leaving[candidate.pool, default: 0] < holder.instances
            else { continue }
            leaving[candidate.pool, default: 0] += 1
            eviction.instances.append(candidate.pool)
            freed += candidate.mebibytes
        }
        guard freed < needed else { return (eviction, freed) }
        for candidate in leastValuable(leaving) where freed < needed && candidate.key != spared {
            eviction.zygotes.append(candidate.key)
            freed += candidate.zygote.mebibytes
        }
        return (eviction, freed)
    }

    /// What the next eviction of a zygote would take, and what it is worth; nil when all are in
    /// use.
    package var leastValuableZygote: (key: PoolKey, priority: Double)? {
        leastValuable([:]).first.map { ($0.key, $0.zygote.priority) }
    }

    private func longestIdle(
        _ idle: [IdleInstances]
    ) -> [(pool: PoolKey, mebibytes: Int, since: UInt64)] {
        idle.flatMap { instances in
            instances.idleSince.map { since in
                (instances.pool, Self.bounded(instances.mebibytes), since)
            }
        }
        .sorted { left, right in (left.2, left.0) < (right.2, right.0) }
    }

    /// The zygotes that nothing keeps once `leaving` instances of their pools are gone.
    private func leastValuable(_ leaving: [PoolKey: Int]) -> [(key: PoolKey, zygote: Zygote)] {
        holders.compactMap { key, holder in
            guard let zygote = holder.zygote, holder.pins == 0,
                holder.instances <= leaving[key, default: 0]
            else { return nil }
            return (key, zygote)
        }
        .sorted { left, right in
            let (one, other) = (left.zygote, right.zygote)
            return (one.priority, one.lastUsed, left.key)
                < (other.priority, other.lastUsed, right.key)
        }
    }
}
