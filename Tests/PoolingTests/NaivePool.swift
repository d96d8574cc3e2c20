import Functions
import Pooling

/// The rules of a pool without zygote and without failures, told as plainly as possible and slowly.
struct NaivePool {
    enum State: Equatable {
        case starting
        case ready(leases: Int)
        case stopping
    }

    struct Instance {
        var id: InstanceID
        var state: State
        /// When it last changed, by a count of all changes: later is higher.
        var changed: Int
        var idleSince: UInt64 = 0
        /// Its leases that are held: with one it takes nothing.
        var held = 0
    }

    let limits: PoolLimits
    var instances: [Instance] = []
    var waiting: [RequestID] = []
    private var changes = 0

    init(limits: PoolLimits) { self.limits = limits }

    var starting: Int { instances.filter { $0.state == .starting }.count }
    var idle: [Instance] {
        instances.filter { $0.state == .ready(leases: 0) }.sorted { $0.changed < $1.changed }
    }
    var staying: Int { instances.filter { $0.state != .stopping }.count }
    var leases: Int { instances.reduce(0) { $0 + leases(of: $1) } }
    var deadline: UInt64? {
        staying > limits.min ? idle.first.map { $0.idleSince + limits.keepAliveNanos } : nil
    }

    /// How many instances the rules would start now.
    var missing: Int {
        let forWaiting = (waiting.count + limits.concurrency - 1) / limits.concurrency - starting
        return max(0, min(max(forWaiting, limits.min - staying), limits.max - instances.count))
    }

    mutating func add(_ id: InstanceID) {
        changes += 1
        instances.append(Instance(id: id, state: .starting, changed: changes))
    }

    /// The instance to lease, or nil when the request waits or is rejected.
    mutating func request(_ id: RequestID) -> InstanceID? {
        let room = instances.filter {
            isReady($0) && $0.held == 0 && leases(of: $0) < limits.concurrency
        }
        let best = room.max { (leases(of: $0), $0.changed) < (leases(of: $1), $1.changed) }
        if let best {
            set(best.id, .ready(leases: leases(of: best) + 1))
        } else if waiting.count < limits.queueDepthMax {
            waiting.append(id)
        }
        return best?.id
    }

    /// Whom the lease passes to.
    mutating func release(_ id: InstanceID, now: UInt64) -> RequestID? {
        guard let instance = instances.first(where: { $0.id == id }) else { return nil }
        if instance.held == 0, !waiting.isEmpty { return waiting.removeFirst() }
        set(id, .ready(leases: leases(of: instance) - 1), now: now)
        return nil
    }

    mutating func hold(_ id: InstanceID) {
        guard let at = instances.firstIndex(where: { $0.id == id }) else { return }
        instances[at].held += 1
    }

    /// Whom leases pass to.
    mutating func releaseHeld(_ id: InstanceID, now: UInt64) -> [RequestID] {
        guard let at = instances.firstIndex(where: { $0.id == id }) else { return [] }
        instances[at].held -= 1
        let left = leases(of: instances[at]) - 1
        let room = instances[at].held == 0 ? limits.concurrency - left : 0
        let served = Array(waiting.prefix(room))
        waiting.removeFirst(served.count)
        set(id, .ready(leases: left + served.count), now: now)
        return served
    }

    /// Who gets the instance.
    mutating func ready(_ id: InstanceID, now: UInt64) -> [RequestID] {
        let served = Array(waiting.prefix(limits.concurrency))
        waiting.removeFirst(served.count)
        set(id, .ready(leases: served.count), now: now)
        return served
    }

    mutating func end(_ id: InstanceID) { instances.removeAll { $0.id == id } }

    mutating func evictIdle() -> InstanceID? {
        guard staying > limits.min, let oldest = idle.first else { return nil }
        set(oldest.id, .stopping)
        return oldest.id
    }

    mutating func tick(now: UInt64) -> [InstanceID] {
        var stopped: [InstanceID] = []
        while let deadline, deadline <= now, let id = evictIdle() { stopped.append(id) }
        return stopped
    }

    func leases(of instance: Instance) -> Int {
        if case .ready(let leases) = instance.state { leases } else { 0 }
    }

    private func isReady(_ instance: Instance) -> Bool {
        if case .ready = instance.state { true } else { false }
    }

    private mutating func set(_ id: InstanceID, _ state: State, now: UInt64 = 0) {
        guard let at = instances.firstIndex(where: { $0.id == id }) else { return }
        changes += 1
        instances[at].state = state
        instances[at].changed = changes
        if state == .ready(leases: 0) { instances[at].idleSince = now }
    }
}
