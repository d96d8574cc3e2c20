import Functions
import Pooling
import TestSupport
import Testing

/// Random events, failures and deaths among them, on a simulated node.
struct SimulationTests {
    @Test(arguments: 0..<60)
    func `whatever happens the pool keeps its rules and answers everybody once`(seed: Int) {
        var walk = SimulatedWalk(seed: UInt64(seed))
        for step in 0..<1_500 {
            walk.step()
            let wrong = walk.wrong
            #expect(wrong == [], "step \(step)")
            if !wrong.isEmpty { return }
        }

        walk.finish()

        #expect(walk.wrong == [])
        #expect(walk.node.isDrained)
        #expect(walk.node.fates.values.allSatisfy { $0 == .done })
    }
}

struct SimulatedWalk {
    var pool: PoolState
    var node: SimulatedNode
    private var random: SeededGenerator
    private var now: UInt64 = 0
    private var requests: UInt64 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let limits = Self.limits(&random)
        let forks = seed % 3 != 0
        pool = PoolState(limits: limits, forks: forks)
        node = SimulatedNode(limits: limits, forks: forks)
        node.perform(pool.activate(now: 0))
    }

    var wrong: [String] {
        pool.checkInvariants() + node.faults + node.differences(from: pool.snapshot)
    }

    mutating func step() {
        now += UInt64.random(in: 0...second / 10, using: &random)
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<70: request()
        case 70..<74: hold()
        case 74..<76: unhold()
        case 76..<120: release()
        case 120..<160: progress(failing: 20)
        case 160..<172: die()
        case 172..<180: cancel()
        case 180..<184: evict()
        case 184..<187: node.perform(pool.closeZygote())
        case 187..<189: node.perform(pool.prewarm(Int.random(in: 0...3, using: &random), now: now))
        case 189: change()
        case 190:
            if node.zygote == .open || node.zygote == .dying { endZygote() }
        default:
            if Bool.random(using: &random) { now += 5 * second }
            node.perform(pool.tick(now: now))
        }
    }

    /// Drains and lets everything come to its end.
    mutating func finish() {
        node.perform(pool.drain(rejectingWaiting: Bool.random(using: &random), now: now))
        for _ in 0..<10_000 where !node.isDrained && wrong.isEmpty {
            release()
            progress(failing: 10)
            if let deadline = pool.nextDeadline() {
                now = max(now, deadline)
                node.perform(pool.tick(now: now))
            }
        }
    }

    private static func limits(_ random: inout SeededGenerator) -> PoolLimits {
        PoolLimits(
            min: Int.random(in: 0...2, using: &random),
            max: Int.random(in: 1...9, using: &random),
            concurrency: Int.random(in: 1...4, using: &random),
            queueDepthMax: Int.random(in: 1...20, using: &random),
            keepAliveNanos: UInt64.random(in: 0...4 * second, using: &random)
        )
    }

    private mutating func request() {
        requests += 1
        let id = RequestID(requests)
        node.fates[id] = .waiting
        switch pool.request(id, now: now) {
        case .lease(let instance, let kind): node.perform(.lease(id, instance, kind))
        case .wait(.nothing): break
        case .wait(.openZygote): node.perform(.openZygote)
        case .wait(.instance(let instance, let kind)): node.perform(.start(instance, kind))
        case .reject(let reason): node.perform(.reject(id, reason))
        }
    }

    private mutating func release() {
        guard let (request, fate) = pickLeased() else { return }
        switch fate {
        case .leased(let id), .overstaying(let id):
            guard case .running(let leases, let held) = node.processes[id] else { return }
            if fate == .overstaying(id) { pool.endOverstay(id) }
            node.fates[request] = .done
            node.processes[id] = .running(leases: leases - 1, held: held)
            switch pool.release(id, now: now) {
            case .nothing: break
            case .lease(let next, let kind): node.perform(.lease(next, id, kind))
            case .stop(let stopped): node.perform(.stop(stopped))
            }
        case .held(let id):
            guard case .running(let leases, let held) = node.processes[id] else { return }
            node.fates[request] = .done
            node.processes[id] = .running(leases: leases - 1, held: held - 1)
            node.perform(pool.releaseHeld(id, now: now))
        case .waiting, .done: return
        }
    }

    private mutating func hold() {
        guard let (request, fate) = pickLeased(), case .leased(let id) = fate,
            case .running(let leases, let held) = node.processes[id]
        else { return }
        node.fates[request] = .held(id)
        node.processes[id] = .running(leases: leases, held: held + 1)
        pool.hold(id)
    }

    private mutating func unhold() {
        guard let (request, fate) = pickLeased(), case .held(let id) = fate,
            case .running(let leases, let held) = node.processes[id],
            let actions = pool.unhold(id, now: now)
        else { return }
        node.fates[request] = .overstaying(id)
        node.processes[id] = .running(leases: leases, held: held - 1)
        node.perform(actions)
    }

    private mutating func pickLeased() -> (RequestID, SimulatedNode.Fate)? {
        let leased = node.fates.filter { $0.value != .waiting && $0.value != .done }
        let sorted = leased.sorted { $0.key.rawValue < $1.key.rawValue }
        guard let (request, fate) = sorted.randomElement(using: &random) else { return nil }
        return (request, fate)
    }

    /// Ends one thing under way: well, or in so many of a hundred cases badly.
    private mutating func progress(failing: Int) {
        let fails = Int.random(in: 0..<100, using: &random) < failing
        switch node.zygote {
        case .opening:
            node.zygote = fails ? .none : .open
            node.perform(
                fails ? pool.zygoteFailed(broken, now: now) : pool.zygoteReady(now: now)
            )
        case .closing:
            endZygote()
        case .dying where fails:
            endZygote()
        case .none, .open, .dying:
            guard let id = pick({ $0 == .starting || $0 == .stopping }) else { return }
            finish(id, fails: fails)
        }
    }

    private mutating func finish(_ id: InstanceID, fails: Bool) {
        if node.processes[id] == .stopping {
            // An answer to its start may cross the order to stop.
            if fails { node.perform(pool.instanceReady(id, now: now)) }
            node.end(id)
            node.perform(pool.instanceEnded(id, now: now))
        } else if fails, node.forks, Bool.random(using: &random) || node.zygote == .dying {
            node.end(id)
            node.zygote = .dying
            node.perform(pool.instanceLost(id, broken, now: now))
        } else if fails {
            node.end(id)
            node.perform(pool.instanceFailed(id, broken, now: now))
        } else {
            node.processes[id] = .running(leases: 0)
            node.perform(pool.instanceReady(id, now: now))
        }
    }

    private mutating func die() {
        guard let id = pick({ _ in true }) else { return }
        node.end(id)
        node.perform(pool.instanceEnded(id, now: now))
    }

    private mutating func endZygote() {
        node.zygote = .none
        for id in node.processes.keys { node.end(id) }
        node.perform(pool.zygoteEnded(now: now))
    }

    private mutating func cancel() {
        let id = RequestID(UInt64.random(in: 0...requests, using: &random))
        let waits = node.fates[id] == .waiting
        if pool.cancel(id) != waits { node.faults.append("cancel says who was waiting") }
        if waits { node.fates[id] = .done }
    }

    private mutating func evict() {
        let evictable = pool.evictableIdleSince
        if Bool.random(using: &random) { return evictOne() }
        let stopped = pool.evictIdle()
        if evictable.isEmpty != (stopped == nil) { node.faults.append("evicts what it offers") }
        if let stopped { node.perform(.stop(stopped)) }
    }

    /// Any one: only an idle one goes, and only if the pool can do without one.
    private mutating func evictOne() {
        guard let id = pick({ _ in true }) else { return }
        let activity = pool.activity
        let expected = activity.spareCount > 0 && activity.idle.contains { $0.id == id }
        let isStopped = pool.evict(id)
        if isStopped != expected { node.faults.append("evicts what is idle and spare") }
        if isStopped { node.perform(.stop(id)) }
    }

    private mutating func change() {
        let limits = Self.limits(&random)
        node.limits = limits
        node.perform(pool.setLimits(limits, now: now))
    }

    private mutating func pick(_ isWanted: (SimulatedNode.Process) -> Bool) -> InstanceID? {
        node.processes.filter { isWanted($0.value) }.keys.sorted().randomElement(using: &random)
    }
}
