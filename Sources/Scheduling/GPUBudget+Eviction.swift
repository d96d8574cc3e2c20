import Devices
import Pooling

extension GPUBudget {
    /// An idle instance that can be stopped for its memory.
    struct Victim {
        let holder: Holder
        /// Since when it is idle, in monotonic nanoseconds.
        let since: UInt64
    }

    /// The idle instances whose stop makes room for `holder` on one device.
    ///
    /// Where several devices would do, the one whose victims have all been idle longer; none that
    /// is idle goes where enough is ending already. Nil when no device gets enough that way.
    func sacrifice(
        for holder: Holder,
        memoryMiB: Int,
        on uuid: String?,
        _ activity: [PoolKey: PoolActivity]
    ) -> (device: String, victims: [Victim])? {
        devices.devices.map(\.placement.uuid)
            .filter { uuid == nil || $0 == uuid }
            .compactMap { uuid in
                victims(on: uuid, for: holder, memoryMiB: memoryMiB, activity).map { (uuid, $0) }
            }
            .min { left, right in
                let (one, other) = (left.1, right.1)
                return (one.last?.since ?? 0, one.count) < (other.last?.since ?? 0, other.count)
            }
    }

    /// Those of one device, longest idle first, as many as are needed; nil when all are too few.
    private func victims(
        on uuid: String,
        for holder: Holder,
        memoryMiB: Int,
        _ activity: [PoolKey: PoolActivity]
    ) -> [Victim]? {
        var later = devices
        for leaving in devices.keys(on: uuid) where activity.isLeaving(leaving) {
            later.release(leaving)
        }
        var candidates = idle(on: uuid, sparing: holder.pool, activity)[...]
        var victims: [Victim] = []
        while true {
            switch later.reserve(memoryMiB: memoryMiB, for: holder, on: uuid) {
            case .placed: return victims
            case .refused(.full): break
            case .refused: return nil
            }
            guard let victim = candidates.popFirst() else { return nil }
            later.release(victim.holder)
            victims.append(victim)
        }
    }

    /// What may be stopped on a device: what belongs to `spared` stays, as it is what the memory is
    /// for, and so do as many of a pool as its `min` asks for.
    private func idle(
        on uuid: String,
        sparing spared: PoolKey,
        _ activity: [PoolKey: PoolActivity]
    ) -> [Victim] {
        activity.filter { $0.key != spared }
            .flatMap { pool, activity in
                activity.idle.map { idle in
                    Victim(holder: Holder(pool: pool, instance: idle.id), since: idle.since)
                }
                .filter { devices.reservations[$0.holder]?.placement.uuid == uuid }
                .prefix(activity.spareCount)
            }
            .sorted { left, right in
                (left.since, left.holder.pool, left.holder.instance)
                    < (right.since, right.holder.pool, right.holder.instance)
            }
    }
}

extension [PoolKey: PoolActivity] {
    /// Whether an instance ends soon, or has ended and its memory is about to be released.
    fileprivate func isLeaving(_ holder: GPUBudget.Holder) -> Bool {
        guard let pool = self[holder.pool] else { return true }
        return !pool.inUse.contains(holder.instance)
            && !pool.idle.contains { $0.id == holder.instance }
    }
}
