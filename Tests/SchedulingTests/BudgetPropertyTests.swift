import Scheduling
import TestSupport
import Testing

/// Random steps against a plain account of who holds what.
struct BudgetPropertyTests {
    @Test(arguments: 0..<60)
    func `whatever happens the budget holds and what is in use stays`(seed: Int) {
        var walk = BudgetWalk(seed: UInt64(seed))
        for step in 0..<1_500 {
            walk.step()
            #expect(walk.faults == [], "step \(step)")
            if !walk.faults.isEmpty { return }
        }
        #expect(walk.evictions > 20)
        #expect(walk.refusals > 5)
    }
}

struct BudgetWalk {
    /// What one pool holds, and the value of its zygote by the paper's formula.
    struct Account {
        var zygoteMiB: Int?
        var reloadMicros = 0.0
        var uses = 0.0
        var clock = 0.0
        var pins = 0
        var busy = 0
        /// Since when its idle instances are idle, longest first.
        var idle: [UInt64] = []

        var isKept: Bool { pins > 0 || busy > 0 || !idle.isEmpty }
        var priority: Double { clock + uses * reloadMicros / Double(zygoteMiB ?? 1) }
    }

    static let pools: UInt32 = 12
    var faults: [String] = []
    var evictions = 0
    var refusals = 0
    private var budget: NodeBudget
    private var random: SeededGenerator
    private var accounts: [PoolKey: Account] = [:]
    private var clock = 0.0
    private var now: UInt64 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        budget = NodeBudget(budgetMiB: 1_000)
        for key in 1...Self.pools { accounts[PoolKey(key)] = Account() }
    }

    mutating func step() {
        now += 1
        let key = PoolKey(UInt32.random(in: 1...Self.pools, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: admit(key)
        case 30..<45: reserve(key)
        case 45..<60: rest(key)
        case 60..<75: use(key)
        case 75..<85: end(key)
        case 85..<90: measure(key)
        case 90..<95: pin(key)
        case 95..<97:
            let mebibytes = Int.random(in: 700...1_200, using: &random)
            let (accounts, budgetIdle) = (accounts, idle)
            let eviction = budget.setBudget(mebibytes: mebibytes) { budgetIdle }
            check(eviction, sparing: nil, accounts)
            apply(eviction)
        default:
            close(key)
        }
        check()
    }

    /// What one instance of a pool reserves.
    private func instanceMiB(_ key: PoolKey) -> Int { 10 + Int(key.rawValue) }

    private var idle: [IdleInstances] {
        accounts.map { key, account in
            IdleInstances(pool: key, mebibytes: instanceMiB(key), idleSince: account.idle)
        }
    }

    private mutating func admit(_ key: PoolKey) {
        guard accounts[key]?.zygoteMiB == nil else { return }
        let size = Int.random(in: 1...600, using: &random)
        let (idle, now) = (idle, now)
        let isAdmitted = settle(key) { budget in
            budget.admitZygote(key, estimateMiB: size, now: now) { idle }
        }
        guard isAdmitted else { return }
        accounts[key]?.zygoteMiB = size
        accounts[key]?.reloadMicros = Double(NodeBudget.reloadMicrosGuess)
        accounts[key]?.uses = 1
        accounts[key]?.clock = clock
    }

    private mutating func reserve(_ key: PoolKey) {
        guard accounts[key]?.zygoteMiB != nil else { return }
        let idle = idle
        let size = instanceMiB(key)
        let isAdmitted = settle(key) { $0.reserveInstance(key, mebibytes: size) { idle } }
        guard isAdmitted else { return }
        accounts[key]?.busy += 1
    }

    /// Asks and evicts what is named: after that the same must be admitted.
    private mutating func settle(
        _ key: PoolKey,
        _ ask: (inout NodeBudget) -> BudgetVerdict
    ) -> Bool {
        let held = budget.heldMiB
        switch ask(&budget) {
        case .admitted:
            return true
        case .refused:
            refusals += 1
            return false
        case .evict(let eviction):
            expect(budget.heldMiB == held, "an eviction reserves nothing")
            check(eviction, sparing: key, accounts)
            apply(eviction)
            let isAdmitted = ask(&budget) == .admitted
            expect(isAdmitted, "after its evictions it is admitted")
            return isAdmitted
        }
    }

    private mutating func rest(_ key: PoolKey) {
        guard let busy = accounts[key]?.busy, busy > 0 else { return }
        accounts[key]?.busy -= 1
        accounts[key]?.idle.append(now)
    }

    private mutating func use(_ key: PoolKey) {
        budget.used(key, now: now)
        accounts[key]?.uses += 1
        accounts[key]?.clock = clock
    }

    private mutating func end(_ key: PoolKey) {
        guard let busy = accounts[key]?.busy, busy > 0 else { return }
        accounts[key]?.busy -= 1
        budget.releaseInstance(key, mebibytes: instanceMiB(key))
    }

    private mutating func measure(_ key: PoolKey) {
        guard accounts[key]?.zygoteMiB != nil else { return }
        let size = Int.random(in: 1...600, using: &random)
        let reload = UInt64.random(in: 1_000...3_000_000, using: &random)
        accounts[key]?.zygoteMiB = size
        accounts[key]?.reloadMicros = Double(reload)
        let idle = idle
        let eviction = budget.measured(key, mebibytes: size, reloadMicros: reload) { idle }
        check(eviction, sparing: key, accounts)
        apply(eviction)
    }

    private mutating func pin(_ key: PoolKey) {
        if let pins = accounts[key]?.pins, pins > 0 {
            budget.unpin(key)
            accounts[key]?.pins -= 1
        } else {
            budget.pin(key)
            accounts[key]?.pins += 1
        }
    }

    private mutating func close(_ key: PoolKey) {
        guard let account = accounts[key], account.busy == 0, account.idle.isEmpty else { return }
        budget.releaseZygote(key)
        accounts[key]?.zygoteMiB = nil
    }

    private mutating func apply(_ eviction: Eviction) {
        evictions += eviction.zygotes.count
        for key in eviction.instances {
            guard accounts[key]?.idle.isEmpty == false else {
                faults.append("evicts an instance that is not idle")
                continue
            }
            accounts[key]?.idle.removeFirst()
            budget.releaseInstance(key, mebibytes: instanceMiB(key))
        }
        for key in eviction.zygotes {
            expect(accounts[key]?.isKept == false, "evicts a zygote in use")
            clock = max(clock, accounts[key]?.priority ?? 0)
            accounts[key]?.zygoteMiB = nil
            budget.releaseZygote(key)
        }
    }

    /// Checks that a choice is the cheapest one of what could go.
    private mutating func check(
        _ eviction: Eviction,
        sparing spared: PoolKey?,
        _ before: [PoolKey: Account]
    ) {
        var after = before
        for key in eviction.instances where after[key]?.idle.isEmpty == false {
            after[key]?.idle.removeFirst()
        }
        let others = after.filter { $0.key != spared }
        if !eviction.zygotes.isEmpty {
            expect(others.values.allSatisfy(\.idle.isEmpty), "instances go before zygotes")
        }
        let kept = others.filter { key, account in
            account.zygoteMiB != nil && !account.isKept && !eviction.zygotes.contains(key)
        }
        let dearest = eviction.zygotes.compactMap { before[$0]?.priority }.max() ?? 0
        let cheapest = kept.values.map(\.priority).min() ?? .infinity
        expect(dearest <= cheapest, "the least valuable go first")
        expect(!eviction.zygotes.contains { $0 == spared }, "spares what the memory is for")
    }

    private mutating func check() {
        let held = accounts.reduce(0) { sum, entry in
            let instances = entry.value.busy + entry.value.idle.count
            return sum + (entry.value.zygoteMiB ?? 0) + instances * instanceMiB(entry.key)
        }
        expect(budget.heldMiB == held, "held is what the accounts hold")
        let numbers = budget.snapshot
        expect(numbers.zygoteMiB + numbers.instanceMiB == held, "the snapshot adds up")
        guard budget.overMiB > 0 else { return }
        let idle = idle
        let eviction = budget.relief { idle }
        check(eviction, sparing: nil, accounts)
        apply(eviction)
        let remains = accounts.values.contains { account in
            !account.idle.isEmpty || account.zygoteMiB != nil && !account.isKept
        }
        expect(budget.overMiB == 0 || !remains, "over budget only with everything in use")
    }

    private mutating func expect(_ holds: Bool, _ rule: String) {
        if !holds { faults.append(rule) }
    }
}
