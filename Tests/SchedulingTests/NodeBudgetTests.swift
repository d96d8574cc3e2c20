import Scheduling
import Testing

struct NodeBudgetTests {
    @Test func `what fits is admitted`() {
        var budget = NodeBudget(budgetMiB: 100)

        #expect(budget.admitZygote(1, estimateMiB: 60, now: 0) == .admitted)
        #expect(budget.reserveInstance(1, mebibytes: 40) == .admitted)
        #expect(budget.heldMiB == 100)
    }

    @Test func `a zygote that is admitted already reserves nothing more`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 60, now: 0)

        #expect(budget.admitZygote(1, estimateMiB: 60, now: 0) == .admitted)
        #expect(budget.heldMiB == 60)
    }

    @Test func `what would not fit an empty node is refused for good`() {
        var budget = NodeBudget(budgetMiB: 100)

        let refusal = BudgetRefusal.tooLarge(neededMiB: 101, budgetMiB: 100)
        #expect(budget.admitZygote(1, estimateMiB: 101, now: 0) == .refused(refusal))
        #expect(budget.reserveInstance(1, mebibytes: 101) == .refused(refusal))
    }

    @Test func `the least valuable zygote goes first`() {
        var budget = NodeBudget(budgetMiB: 100)
        for key in 1...2 as ClosedRange<UInt32> {
            _ = budget.admitZygote(PoolKey(key), estimateMiB: 50, now: 0)
        }
        budget.used(1, now: 1)

        #expect(budget.admitZygote(3, estimateMiB: 50, now: 2) == .evict(zygotes: [2]))
        budget.releaseZygote(2)
        #expect(budget.admitZygote(3, estimateMiB: 50, now: 3) == .admitted)
    }

    @Test func `a large zygote is worth less than a small one and a slow one more than a fast one`()
    {
        var budget = NodeBudget(budgetMiB: 1_000)
        for (key, size, reload) in [(1, 400, 900), (2, 100, 900), (3, 100, 1_000)] {
            let key = PoolKey(UInt32(key))
            _ = budget.admitZygote(key, estimateMiB: size, now: 0)
            _ = budget.measured(key, mebibytes: size, reloadMicros: UInt64(reload) * 1_000)
        }

        #expect(budget.setBudget(mebibytes: 1) == .zygotes([1, 2, 3]))
    }

    @Test func `of equals the one used longest ago goes first`() {
        var budget = NodeBudget(budgetMiB: 100)
        for key in 1...2 as ClosedRange<UInt32> {
            _ = budget.admitZygote(PoolKey(key), estimateMiB: 50, now: 0)
            budget.used(PoolKey(key), now: UInt64(10 - key))
        }

        #expect(budget.leastValuableZygote?.key == 2)
    }

    @Test func `a zygote without uses is passed by others in the end however valuable it was`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 50, now: 0)
        budget.used(1, uses: 20, now: 0)

        var key: UInt32 = 1
        var evicted: PoolKey = 0
        while evicted != 1, key < 100 {
            key += 1
            guard
                case .evict(let eviction) = budget.admitZygote(
                    PoolKey(key),
                    estimateMiB: 50,
                    now: UInt64(key)
                )
            else { continue }
            evicted = eviction.zygotes.first ?? 0
            budget.releaseZygote(evicted)
            _ = budget.admitZygote(PoolKey(key), estimateMiB: 50, now: UInt64(key))
        }

        #expect(evicted == 1)
        #expect((20...25).contains(key))
    }

    @Test func `a zygote with instances or a pin is not evicted`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 40, now: 0)
        _ = budget.admitZygote(2, estimateMiB: 40, now: 0)
        _ = budget.reserveInstance(1, mebibytes: 10)
        budget.pin(2)

        let refusal = BudgetRefusal.inUse(neededMiB: 50, availableMiB: 10)
        #expect(budget.reserveInstance(3, mebibytes: 50) == .refused(refusal))
        budget.unpin(2)
        #expect(budget.reserveInstance(3, mebibytes: 50) == .evict(zygotes: [2]))
        budget.releaseInstance(1, mebibytes: 10)
        #expect(budget.leastValuableZygote?.key == 1)
    }

    @Test func `idle instances go before zygotes and longest idle first`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(9, estimateMiB: 40, now: 0)
        for key in [1, 1, 2] as [PoolKey] { _ = budget.reserveInstance(key, mebibytes: 20) }
        let idle = [
            IdleInstances(pool: 1, mebibytes: 20, idleSince: [5, 9]),
            IdleInstances(pool: 2, mebibytes: 20, idleSince: [7]),
        ]

        let two = budget.reserveInstance(3, mebibytes: 40) { idle }
        #expect(two == .evict(instances: [1, 2]))
        let all = budget.reserveInstance(3, mebibytes: 100) { idle }
        #expect(all == .evict(instances: [1, 2, 1], zygotes: [9]))
    }

    @Test func `what is stopping already is waited for and nothing else is evicted in its place`() {
        var budget = NodeBudget(budgetMiB: 100)
        for key in [1, 1, 2, 2, 2] as [PoolKey] { _ = budget.reserveInstance(key, mebibytes: 20) }
        let idle = [
            IdleInstances(pool: 1, mebibytes: 20, idleSince: [], stopping: 2),
            IdleInstances(pool: 2, mebibytes: 20, idleSince: [7]),
        ]

        let enough = budget.reserveInstance(3, mebibytes: 40) { idle }
        #expect(enough == .evict(instances: []))
        let more = budget.reserveInstance(3, mebibytes: 41) { idle }
        #expect(more == .evict(instances: [2]))
    }

    @Test func `a zygote goes after the last of its instances`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 80, now: 0)
        _ = budget.reserveInstance(1, mebibytes: 20)
        let idle = [IdleInstances(pool: 1, mebibytes: 20, idleSince: [5])]

        let verdict = budget.admitZygote(2, estimateMiB: 50, now: 1) { idle }

        #expect(verdict == .evict(instances: [1], zygotes: [1]))
    }

    @Test func `a pool evicts nothing of its own for its next instance`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 80, now: 0)
        _ = budget.reserveInstance(1, mebibytes: 20)
        let idle = [IdleInstances(pool: 1, mebibytes: 20, idleSince: [5])]

        let verdict = budget.reserveInstance(1, mebibytes: 20) { idle }

        #expect(verdict == .refused(.inUse(neededMiB: 20, availableMiB: 0)))
    }

    @Test func `a zygote that measures more than its estimate evicts others`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 50, now: 0)
        _ = budget.admitZygote(2, estimateMiB: 50, now: 0)

        #expect(budget.measured(2, mebibytes: 60, reloadMicros: 1) == .zygotes([1]))
        #expect(budget.overMiB == 10)
        budget.releaseZygote(1)
        #expect(budget.overMiB == 0)
    }

    @Test func `what was in use when memory ran short goes once it is idle`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 100, now: 0)
        budget.pin(1)
        #expect(budget.setBudget(mebibytes: 50).isEmpty)
        #expect(budget.relief().isEmpty)

        budget.unpin(1)

        #expect(budget.relief() == .zygotes([1]))
    }

    @Test func `a zygote that measures less makes room`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 100, now: 0)

        #expect(budget.measured(1, mebibytes: 30, reloadMicros: 1).isEmpty)
        #expect(budget.admitZygote(2, estimateMiB: 70, now: 0) == .admitted)
    }

    @Test func `nothing is left of a pool that has released everything`() {
        var budget = NodeBudget(budgetMiB: 100)
        _ = budget.admitZygote(1, estimateMiB: 50, now: 0)
        _ = budget.reserveInstance(1, mebibytes: 10)
        budget.releaseInstance(1, mebibytes: 10)
        budget.releaseInstance(1, mebibytes: 10)
        budget.releaseZygote(1)
        budget.releaseZygote(1)

        #expect(budget.heldMiB == 0)
        #expect(budget.snapshot.zygotes == 0)
        #expect(budget.snapshot.instances == 0)
    }
}
