import Devices
import Pooling
import Scheduling
import TestSupport
import Testing

/// Random steps against a plain account of which instance is where and what it does.
struct GPUBudgetPropertyTests {
    @Test(arguments: ["", "no-mig", "cards=1", "no-mig cards=1"], 0..<10)
    func `whatever happens no device is promised twice and only idle ones are stopped`(
        steering: String,
        seed: Int
    ) async throws {
        let library = try NVMLStandIn(steering).library
        let inventory = await NVML.open(library: library).inventory()
        var walk = GPUWalk(inventory, seed: UInt64(seed))

        for step in 0..<2_000 {
            walk.step()
            #expect(walk.faults == [], "step \(step)")
            if !walk.faults.isEmpty { return }
        }
        #expect(walk.evictions > 5)
        #expect(walk.refusals > 5)

        walk.finish()
        #expect(walk.faults == [])
    }
}

struct GPUWalk {
    typealias Holder = GPUBudget.Holder

    enum State: Equatable {
        case inUse
        case idle(since: UInt64)
        case ending
    }

    struct Account {
        let forks: Bool
        let memoryMiB: Int
        let min: Int
        var home: String?
        var instances: [InstanceID: State] = [:]

        var activity: PoolActivity {
            let idle = instances.compactMap { id, state in
                if case .idle(let since) = state { (id, since) } else { nil }
            }
            let inUse = instances.filter { $0.value == .inUse }.map(\.key)
            return PoolActivity(
                idle: idle.sorted { $0.1 < $1.1 }.map { PoolActivity.Idle(id: $0.0, since: $0.1) },
                spareCount: max(0, idle.count + inUse.count - min),
                inUse: Set(inUse)
            )
        }
    }

    static let pools: UInt32 = 9
    var faults: [String] = []
    var evictions = 0
    var refusals = 0
    private var budget: GPUBudget
    private var random: SeededGenerator
    private var accounts: [PoolKey: Account] = [:]
    private var places: [Holder: String] = [:]
    private var lastID: UInt32 = 0
    private var now: UInt64 = 0

    init(_ inventory: Inventory, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        budget = GPUBudget(inventory)
        for key in 1...Self.pools {
            accounts[PoolKey(key)] = Account(
                forks: key % 2 == 0,
                memoryMiB: Int.random(in: 1...14, using: &random) * 2_500,
                min: key % 3 == 0 ? 1 : 0
            )
        }
    }

    mutating func step() {
        now += 1
        let key = PoolKey(UInt32.random(in: 1...Self.pools, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<10: settle(key)
        case 10..<14: unsettle(key)
        case 14..<50: start(key)
        case 50..<75: turn(key, from: { $0 == .inUse }, to: .idle(since: now))
        case 75..<85: turn(key, from: Self.isIdle, to: .inUse)
        case 85..<90: turn(key, from: Self.isIdle, to: .ending)
        default: end(key)
        }
        check()
    }

    mutating func finish() {
        for (pool, account) in accounts {
            for id in account.instances.keys {
                budget.release(Holder(pool: pool, instance: id))
            }
        }
        expect(budget.devices.reservations.isEmpty, "nothing is left")
        expect(budget.devices.devices.allSatisfy { $0.reservedMiB == 0 }, "all is free again")
    }

    private static func isIdle(_ state: State) -> Bool {
        if case .idle = state { true } else { false }
    }

    private var activity: [PoolKey: PoolActivity] { accounts.mapValues(\.activity) }

    private func holders(on uuid: String) -> [Holder] {
        places.filter { $0.value == uuid }.map(\.key)
    }

    private func state(_ holder: Holder) -> State? {
        accounts[holder.pool]?.instances[holder.instance]
    }

    private mutating func settle(_ key: PoolKey) {
        guard let account = accounts[key], account.forks, account.home == nil else { return }
        let activity = activity
        let before = budget.devices.reservations
        switch budget.settle(key, memoryMiB: account.memoryMiB, activity: { activity }) {
        case .placed(let placement):
            let capacity = budget.devices.device(placement.uuid)?.capacityMiB ?? 0
            expect(capacity >= account.memoryMiB, "a home is large enough")
            accounts[key]?.home = placement.uuid
        case .refused(let refusal):
            checkTooLarge(refusal, account)
        }
        expect(budget.devices.reservations == before, "a home reserves nothing")
    }

    private mutating func unsettle(_ key: PoolKey) {
        guard let account = accounts[key], account.instances.isEmpty else { return }
        budget.unsettle(key)
        accounts[key]?.home = nil
    }

    private mutating func turn(_ key: PoolKey, from: (State) -> Bool, to state: State) {
        let instances = accounts[key]?.instances.filter { from($0.value) }.keys.sorted() ?? []
        guard let id = instances.randomElement(using: &random) else { return }
        accounts[key]?.instances[id] = state
    }

    private mutating func end(_ key: PoolKey) {
        let all = accounts[key]?.instances.keys.sorted() ?? []
        guard let id = all.randomElement(using: &random) else { return }
        end(Holder(pool: key, instance: id))
    }

    private mutating func end(_ holder: Holder) {
        budget.release(holder)
        places[holder] = nil
        accounts[holder.pool]?.instances[holder.instance] = nil
    }

    private mutating func start(_ key: PoolKey) {
        guard let account = accounts[key] else { return }
        lastID += 1
        let holder = Holder(pool: key, instance: InstanceID(lastID))
        accounts[key]?.instances[holder.instance] = .inUse
        if ask(holder, account) { return }
        accounts[key]?.instances[holder.instance] = nil
    }

    /// Asks and stops what is named: after that the same must be granted.
    private mutating func ask(_ holder: Holder, _ account: Account) -> Bool {
        let activity = activity
        let before = budget.devices.reservations
        let verdict = budget.reserve(
            memoryMiB: account.memoryMiB,
            for: holder,
            isForked: account.forks,
            activity: { activity }
        )
        switch verdict {
        case .reserved(let placement):
            expect(!account.forks || placement.uuid == account.home, "forks are at home")
            places[holder] = placement.uuid
            return true
        case .homeless:
            expect(account.forks && account.home == nil, "only forks need a home")
        case .refused(.full):
            refusals += 1
            for device in allowed(account) {
                let left = stay(on: device, without: evictable(on: device, for: holder))
                expect(!fits(account, beside: left, on: device), "refuses what could be had")
            }
        case .refused(let refusal):
            checkTooLarge(refusal, account)
        case .evict(let victims):
            expect(budget.devices.reservations == before, "an eviction reserves nothing")
            return evict(victims, for: holder, account)
        }
        expect(budget.devices.reservations == before, "a refusal reserves nothing")
        return false
    }

    private mutating func evict(
        _ victims: [Holder],
        for holder: Holder,
        _ account: Account
    ) -> Bool {
        evictions += 1
        let devices = allowed(account).filter { device in
            let candidates = evictable(on: device, for: holder)
            let needed = (0...candidates.count).first { count in
                let left = stay(on: device, without: Array(candidates.prefix(count)))
                return fits(account, beside: left, on: device)
            }
            return needed.map { Array(candidates.prefix($0)) } == victims
        }
        expect(!devices.isEmpty, "stops the longest idle of one device and no more than needed")
        for victim in victims { end(victim) }
        for device in devices {
            for leaving in holders(on: device) where state(leaving) == .ending { end(leaving) }
        }
        let verdict = budget.reserve(
            memoryMiB: account.memoryMiB,
            for: holder,
            isForked: account.forks,
            activity: { [:] }
        )
        guard case .reserved(let placement) = verdict else {
            faults.append("after its evictions it has room")
            return false
        }
        places[holder] = placement.uuid
        return true
    }

    private func allowed(_ account: Account) -> [String] {
        let all = budget.devices.devices.map(\.placement.uuid)
        return account.forks ? all.filter { $0 == account.home } : all
    }

    /// What may be stopped on a device, longest idle first.
    private func evictable(on device: String, for holder: Holder) -> [Holder] {
        var spare = accounts.mapValues(\.activity.spareCount)
        return holders(on: device).compactMap { other -> (Holder, UInt64)? in
            guard other.pool != holder.pool, case .idle(let since) = state(other) else {
                return nil
            }
            return (other, since)
        }
        .sorted { left, right in
            (left.1, left.0.pool, left.0.instance) < (right.1, right.0.pool, right.0.instance)
        }
        .map(\.0)
        .filter { other in
            spare[other.pool, default: 0] -= 1
            return spare[other.pool, default: 0] >= 0
        }
    }

    private func stay(on device: String, without victims: [Holder]) -> [Holder] {
        holders(on: device).filter { state($0) != .ending && !victims.contains($0) }
    }

    private func fits(_ account: Account, beside left: [Holder], on uuid: String) -> Bool {
        guard let device = budget.devices.device(uuid) else { return false }
        if device.placement.parent != nil, !left.isEmpty { return false }
        let held = left.reduce(0) { $0 + (accounts[$1.pool]?.memoryMiB ?? 0) }
        return held + account.memoryMiB <= device.capacityMiB
    }

    private mutating func checkTooLarge(_ refusal: GPUBudget.Refusal, _ account: Account) {
        let largest = budget.devices.devices.map(\.capacityMiB).max() ?? 0
        expect(refusal == .tooLarge(largestMiB: largest), "refuses for ever what is too large")
        expect(account.memoryMiB > largest, "what is too large fits nowhere")
    }

    private mutating func check() {
        for device in budget.devices.devices {
            let here = holders(on: device.placement.uuid)
            let held = here.reduce(0) { $0 + (accounts[$1.pool]?.memoryMiB ?? 0) }
            expect(device.reservedMiB == held, "what is promised is what is held")
            expect(held <= device.capacityMiB, "no more is promised than there is")
            expect(device.placement.parent == nil || here.count <= 1, "a slice has one")
        }
        expect(budget.devices.reservations.count == places.count, "each is on one device")
    }

    private mutating func expect(_ holds: Bool, _ rule: String) {
        if !holds { faults.append(rule) }
    }
}
