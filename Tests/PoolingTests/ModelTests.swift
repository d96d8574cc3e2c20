import Functions
import Pooling
import TestSupport
import Testing

/// Random steps, each done to the pool and to the naive model of its rules.
struct ModelTests {
    static let limits = [
        PoolLimits(max: 1, queueDepthMax: 4, keepAliveNanos: 50),
        PoolLimits(min: 1, max: 5, queueDepthMax: 8, keepAliveNanos: 100),
        PoolLimits(max: 4, concurrency: 3, queueDepthMax: 6, keepAliveNanos: 200),
        PoolLimits(min: 2, max: 40, concurrency: 70, queueDepthMax: 200, keepAliveNanos: 500),
    ]

    @Test(arguments: limits.indices, 0..<8)
    func `the pool decides as its rules say, told naively`(limits: Int, seed: Int) {
        var walk = ModelWalk(limits: Self.limits[limits], seed: UInt64(seed))
        for step in 0..<2_500 {
            walk.step()
            let broken = walk.pool.checkInvariants() + walk.differences
            #expect(broken == [], "step \(step)")
            if !broken.isEmpty { break }
        }
    }
}

struct ModelWalk {
    var pool: PoolState
    var model: NaivePool
    var differences: [String] = []
    private var random: SeededGenerator
    private var now: UInt64 = 0
    private var requests: UInt64 = 0

    init(limits: PoolLimits, seed: UInt64) {
        pool = PoolState(limits: limits, forks: false)
        model = NaivePool(limits: limits)
        random = SeededGenerator(seed: seed)
        expectStarts(pool.activate(now: 0))
    }

    mutating func step() {
        now += UInt64.random(in: 0...10, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<38: request()
        case 38..<40: hold()
        case 40..<43: releaseHeld()
        case 43..<72: release()
        case 72..<84: ready()
        case 84..<92: end()
        case 92..<95: cancel()
        case 95..<97: compare(pool.evictIdle(), model.evictIdle(), "evictIdle")
        default: tick()
        }
        compare(pool.nextDeadline(), model.deadline, "nextDeadline")
        compare(pool.snapshot.leases, model.leases, "leases")
        compare(pool.snapshot.waiting, model.waiting.count, "waiting")
        compare(pool.snapshot.idle, model.idle.count, "idle")
        compare(pool.snapshot.instances, model.instances.count, "instances")
    }

    private mutating func request() {
        requests += 1
        let full = model.waiting.count == model.limits.queueDepthMax
        let decision = pool.request(RequestID(requests), now: now)
        let leased = model.request(RequestID(requests))
        switch decision {
        case .lease(let id, let kind):
            compare(id, leased, "request")
            compare(kind, .warm, "kind")
        case .reject(let reason):
            compare(reason, .queueFull, "reason")
            compare(full && leased == nil, true, "queue is full")
        case .wait(.instance(let id, let kind)):
            compare(model.missing, 1, "start")
            compare(kind, .cold, "kind")
            model.add(id)
        case .wait(let start):
            compare(start, .nothing, "start")
            compare(model.missing, 0, "no start")
            compare(leased == nil && !full, true, "waits")
        }
    }

    private mutating func release() {
        let busy = model.instances.filter { model.leases(of: $0) > $0.held }
        guard let id = busy.randomElement(using: &random)?.id else { return }
        let decision = pool.release(id, now: now)
        let next = model.release(id, now: now)
        compare(decision, next.map { .lease($0, .warm) } ?? .nothing, "release")
    }

    private mutating func hold() {
        let busy = model.instances.filter { model.leases(of: $0) > $0.held }
        guard let id = busy.randomElement(using: &random)?.id else { return }
        pool.hold(id)
        model.hold(id)
    }

    private mutating func releaseHeld() {
        let held = model.instances.filter { $0.held > 0 }
        guard let id = held.randomElement(using: &random)?.id else { return }
        let actions = pool.releaseHeld(id, now: now)
        let served = model.releaseHeld(id, now: now)
        compare(actions, served.map { .lease($0, id, .warm) }, "releaseHeld")
    }

    private mutating func ready() {
        let starting = model.instances.filter { $0.state == .starting }
        guard let id = starting.randomElement(using: &random)?.id else { return }
        let actions = pool.instanceReady(id, now: now)
        let served = model.ready(id, now: now)
        compare(actions, served.map { .lease($0, id, .cold) }, "instanceReady")
    }

    private mutating func end() {
        let ending = model.instances.filter {
            $0.state == .stopping || model.leases(of: $0) > 0 && $0.id.rawValue % 7 == 0
        }
        guard let id = ending.randomElement(using: &random)?.id else { return }
        let actions = pool.instanceEnded(id, now: now)
        model.end(id)
        expectStarts(actions)
    }

    private mutating func cancel() {
        let id = RequestID(UInt64.random(in: 0...requests, using: &random))
        let target = Bool.random(using: &random) ? id : model.waiting.randomElement(using: &random)
        guard let target else { return }
        compare(pool.cancel(target), model.waiting.contains(target), "cancel")
        model.waiting.removeAll { $0 == target }
    }

    private mutating func tick() {
        now += UInt64.random(in: 0...100, using: &random)
        let actions = pool.tick(now: now)
        compare(actions, model.tick(now: now).map { .stop($0) }, "tick")
    }

    private mutating func expectStarts(_ actions: [PoolAction]) {
        compare(actions.count, model.missing, "starts")
        for action in actions {
            guard case .start(let id, .cold) = action else {
                differences.append("not a start: \(action)")
                continue
            }
            model.add(id)
        }
    }

    private mutating func compare<Value: Equatable>(
        _ real: Value,
        _ expected: Value,
        _ what: String
    ) {
        if real != expected { differences.append("\(what): \(real), not \(expected)") }
    }
}
