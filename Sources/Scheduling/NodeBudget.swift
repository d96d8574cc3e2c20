/// The host memory of one node, and who holds it: zygotes, as measured, and instances, as reserved.
///
/// It decides and its owner acts. What is held passes the budget only by `measured` and
/// `setBudget`, which say what to give up for it, never by an admission.
///
/// Zygotes go by Greedy-Dual-Size-Frequency (L. Cherkasova, "Improving WWW Proxies Performance with
/// Greedy-Dual-Size-Frequency Caching Policy", HP Laboratories, HPL-98-69, 1998; for functions: A.
/// Fuerst and P. Sharma, "FaasCache: Keeping Serverless Computing Alive with Greedy-Dual Caching",
/// ASPLOS 2021). The priority of a zygote is `clock + frequency * reload time / size`, as of its
/// last use. The clock is the priority of the last one that was evicted, so that one without
/// uses falls behind however valuable it once was.
package struct NodeBudget: Sendable {
    /// The reload time of a zygote before it was measured: 300 ms, a Python with numpy and a model.
    package static let reloadMicrosGuess: UInt64 = 300_000
    /// The largest figure that is taken at its word, in MiB: 1 PiB.
    package static let mebibytesMax = 1 << 30

    struct Zygote {
        var mebibytes: Int
        var reloadMicros: UInt64
        var frequency: Double
        /// The clock at the last use.
        var clock: Double
        /// Monotonic nanoseconds; decides between equals.
        var lastUsed: UInt64
        /// Chosen for eviction, and not used since.
        var isChosen = false

        var priority: Double { clock + frequency * Double(reloadMicros) / Double(mebibytes) }
    }

    struct Holder {
        var zygote: Zygote?
        var instances = 0
        var instanceMiB = 0
        var pins = 0

        var isEmpty: Bool { zygote == nil && instances == 0 && pins == 0 }
    }

    package private(set) var budgetMiB: Int
    package private(set) var heldMiB = 0
    private(set) var clock = 0.0
    private(set) var holders: [PoolKey: Holder] = [:]

    package init(budgetMiB: Int) {
        self.budgetMiB = Self.bounded(budgetMiB)
    }

    /// By how much more is held than there is; 0 but after a `measured` or `setBudget` and until
    /// what is named by them, or by `relief`, has ended.
    package var overMiB: Int { max(0, heldMiB - budgetMiB) }

    /// Reserves the memory of a zygote that is to be opened; nothing more if it has it already.
    ///
    /// `idle` is asked only when memory is short. Pin the zygote until it is ready.
    package mutating func admitZygote(
        _ key: PoolKey,
        estimateMiB: Int,
        now: UInt64,
        idle: () -> [IdleInstances] = { [] }
    ) -> BudgetVerdict {
        guard holders[key]?.zygote == nil else { return .admitted }
        let size = Self.bounded(estimateMiB)
        return admit(size, for: key, idle: idle) { holder, clock in
            holder.zygote = Zygote(
                mebibytes: size,
                reloadMicros: Self.reloadMicrosGuess,
                frequency: 1,
                clock: clock,
                lastUsed: now
            )
        }
    }

    /// Reserves the memory of an instance that is to be started.
    package mutating func reserveInstance(
        _ key: PoolKey,
        mebibytes: Int,
        idle: () -> [IdleInstances] = { [] }
    ) -> BudgetVerdict {
        let size = Self.bounded(mebibytes)
        return admit(size, for: key, idle: idle) { holder, _ in
            holder.instances += 1
            holder.instanceMiB += size
        }
    }

    /// Replaces a zygote's estimate by what it uses and how long it took to open; returns what to
    /// give up should that be too much.
    package mutating func measured(
        _ key: PoolKey,
        mebibytes: Int,
        reloadMicros: UInt64,
        idle: () -> [IdleInstances] = { [] }
    ) -> Eviction {
        guard var zygote = holders[key]?.zygote else { return Eviction() }
        heldMiB -= zygote.mebibytes
        zygote.mebibytes = Self.bounded(mebibytes)
        zygote.reloadMicros = reloadMicros
        heldMiB += zygote.mebibytes
        holders[key]?.zygote = zygote
        return relief(sparing: key, idle: idle)
    }

    /// Changes how much there is; returns what to give up should it be less than is held.
    package mutating func setBudget(
        mebibytes: Int,
        idle: () -> [IdleInstances] = { [] }
    ) -> Eviction {
        budgetMiB = Self.bounded(mebibytes)
        return relief(sparing: nil, idle: idle)
    }

    /// What to give up because more is held than there is: what was in use when that came about may
    /// have become idle since.
    package mutating func relief(idle: () -> [IdleInstances] = { [] }) -> Eviction {
        relief(sparing: nil, idle: idle)
    }

    /// Notes invocations of a pool, which raise its zygote's value; `uses` may be many at once.
    package mutating func used(_ key: PoolKey, uses: Int = 1, now: UInt64) {
        guard uses > 0, let index = holders.index(forKey: key) else { return }
        holders.values[index].zygote?.frequency += Double(uses)
        holders.values[index].zygote?.clock = clock
        holders.values[index].zygote?.lastUsed = now
        holders.values[index].zygote?.isChosen = false
    }

    /// Keeps a zygote that is opening or waited for, whatever its value; as often as it is
    /// unpinned.
    ///
    /// Instances keep their zygote by themselves.
    package mutating func pin(_ key: PoolKey) {
        holders[key, default: Holder()].pins += 1
    }

    package mutating func unpin(_ key: PoolKey) {
        change(key) { holder in holder.pins = max(0, holder.pins - 1) }
    }

    /// Takes back the memory of a zygote that has ended, evicted or not.
    package mutating func releaseZygote(_ key: PoolKey) {
        guard let zygote = holders[key]?.zygote else { return }
        if zygote.isChosen { clock = max(clock, zygote.priority) }
        heldMiB -= zygote.mebibytes
        change(key) { holder in holder.zygote = nil }
    }

    /// Takes back the memory of an instance that has ended; the figure is the one it reserved.
    package mutating func releaseInstance(_ key: PoolKey, mebibytes: Int) {
        guard let holder = holders[key], holder.instances > 0 else { return }
        let last = holder.instances == 1
        let size = last ? holder.instanceMiB : min(Self.bounded(mebibytes), holder.instanceMiB)
        heldMiB -= size
        change(key) { holder in
            holder.instances -= 1
            holder.instanceMiB -= size
        }
    }

    static func bounded(_ mebibytes: Int) -> Int { min(max(1, mebibytes), mebibytesMax) }

    private mutating func change(_ key: PoolKey, _ body: (inout Holder) -> Void) {
        guard var holder = holders[key] else { return }
        body(&holder)
        holders[key] = holder.isEmpty ? nil : holder
    }

    private mutating func admit(
        _ size: Int,
        for key: PoolKey,
        idle: () -> [IdleInstances],
        _ enter: (inout Holder, Double) -> Void
    ) -> BudgetVerdict {
        guard size <= budgetMiB else {
            return .refused(.tooLarge(neededMiB: size, budgetMiB: budgetMiB))
        }
        let short = heldMiB + size - budgetMiB
        if short > 0 {
            let plan = plan(toFree: short, sparing: key, idle: idle())
            guard plan.freedMiB >= short else {
                let available = max(0, size - short + plan.freedMiB)
                return .refused(.inUse(neededMiB: size, availableMiB: available))
            }
            return .evict(chosen(plan.eviction))
        }
        enter(&holders[key, default: Holder()], clock)
        heldMiB += size
        return .admitted
    }

    private mutating func relief(
        sparing key: PoolKey?,
        idle: () -> [IdleInstances]
    ) -> Eviction {
        guard overMiB > 0 else { return Eviction() }
        return chosen(plan(toFree: overMiB, sparing: key, idle: idle()).eviction)
    }

    private mutating func chosen(_ eviction: Eviction) -> Eviction {
        for key in eviction.zygotes { holders[key]?.zygote?.isChosen = true }
        return eviction
    }
}
