import Functions

/// The instances of a pool: their states, their number in each, and which has room.
///
/// An instance lies in the slot `id modulo slots`, the slots being a power of two and at least
/// twice as many as there are instances. A new instance takes the next id whose slot is free, so no
/// two collide, and ids that differ modulo a power of two still do when the table grows. Those with
/// room stand in lanes, one for each number of leases, the latest to enter a lane first. Every
/// change of state goes through `set`, which keeps lanes and counts.
struct InstanceTable: Sendable {
    struct Slot {
        var id: UInt32 = 0
        var state: InstanceState?
        /// Neighbours in the lane; 0 where there is none.
        var newer: UInt32 = 0
        var older: UInt32 = 0
    }

    struct Lane: Equatable {
        var newest: UInt32 = 0
        var oldest: UInt32 = 0
    }

    struct Counts: Equatable {
        var starting = 0
        var idle = 0
        var busy = 0
        var draining = 0
        var stopping = 0
        var leases = 0

        /// Those that will serve, or do.
        var staying: Int { starting + idle + busy }
        var total: Int { staying + draining + stopping }
    }

    private(set) var counts = Counts()
    private(set) var concurrency: Int
    private(set) var slots: [Slot] = []
    private(set) var lanes: [Lane]
    /// Bit `n` of it is set while lane `n` has an instance.
    private(set) var lanesInUse: [UInt64]
    /// Leases that were held and are no longer, though they are not given back; without entries of
    /// 0.
    var overstaying: [InstanceID: Int] = [:]
    private var lastID: UInt32 = 0

    init(concurrency: Int) {
        self.concurrency = concurrency
        lanes = Array(repeating: Lane(), count: concurrency)
        lanesInUse = Array(repeating: 0, count: (concurrency + 63) / 64)
    }

    func state(of id: InstanceID) -> InstanceState? {
        guard !slots.isEmpty else { return nil }
        let slot = slots[index(id.rawValue)]
        return slot.id == id.rawValue ? slot.state : nil
    }

    /// Adds an instance that is starting.
    mutating func add(_ kind: StartKind) -> InstanceID {
        if (counts.total + 1) * 2 > slots.count { grow() }
        repeat { lastID &+= 1 } while lastID == 0 || slots[index(lastID)].state != nil
        slots[index(lastID)].id = lastID
        set(InstanceID(lastID), .starting(kind))
        return InstanceID(lastID)
    }

    /// Moves an instance of the table to another state; nil takes it out.
    mutating func set(_ id: InstanceID, _ state: InstanceState?) {
        let at = index(id.rawValue)
        let old = slots[at].state
        count(old, by: -1)
        if let lane = lane(of: old) { unlink(at, from: lane) }
        slots[at].state = state
        if state == nil { overstaying[id] = nil }
        count(state, by: 1)
        if let lane = lane(of: state) { link(at, into: lane) }
    }

    /// Leases the busiest instance that has room, of equals the latest used: so the others age.
    mutating func leaseBusiest() -> InstanceID? {
        guard let lane = highestLane else { return nil }
        let id = InstanceID(lanes[lane].newest)
        set(id, .busy(leases: lane + 1))
        return id
    }

    mutating func removeAll() {
        for at in slots.indices { slots[at].state = nil }
        overstaying = [:]
        counts = Counts()
        self.setLanes([Lane()])
    }

    /// Sets how many leases an instance may have; those with more keep them.
    mutating func setConcurrency(_ concurrency: Int) {
        self.concurrency = concurrency
        setLanes([lanes[0]])
        for at in slots.indices {
            guard let lane = lane(of: slots[at].state), lane > 0 else { continue }
            link(at, into: lane)
        }
    }

    /// The instances in a state that `isWanted`, in no order; takes time with the size of the
    /// table.
    func ids(where isWanted: (InstanceState) -> Bool) -> [InstanceID] {
        slots.compactMap { slot in
            guard let state = slot.state, isWanted(state) else { return nil }
            return InstanceID(slot.id)
        }
    }

    /// The instance that has been idle longest, and since when.
    var longestIdle: (id: InstanceID, since: UInt64)? {
        guard lanes[0].oldest != 0 else { return nil }
        return idle(lanes[0].oldest)
    }

    /// The `count` instances that have been idle longest, and since when, longest first.
    func longestIdle(_ count: Int) -> [(id: InstanceID, since: UInt64)] {
        var instances: [(id: InstanceID, since: UInt64)] = []
        var at = lanes[0].oldest
        while at != 0, instances.count < count, let instance = idle(at) {
            instances.append(instance)
            at = slots[index(at)].newer
        }
        return instances
    }

    private func idle(_ id: UInt32) -> (id: InstanceID, since: UInt64)? {
        guard case .idle(let since, _) = slots[index(id)].state else { return nil }
        return (InstanceID(id), since)
    }

    func index(_ id: UInt32) -> Int { Int(id) & (slots.count - 1) }

    /// The lane that an instance in this state stands in; nil when it has no room.
    func lane(of state: InstanceState?) -> Int? {
        switch state {
        case .idle: 0
        case .busy(let leases): leases < concurrency ? leases : nil
        case .starting, .held, .draining, .stopping, nil: nil
        }
    }

    private var highestLane: Int? {
        var word = lanesInUse.count - 1
        while word >= 0 {
            let bits = lanesInUse[word]
            if bits != 0 { return word * 64 + 63 - bits.leadingZeroBitCount }
            word -= 1
        }
        return nil
    }

    private mutating func count(_ state: InstanceState?, by change: Int) {
        switch state {
        case .starting: counts.starting += change
        case .idle: counts.idle += change
        case .busy(let leases), .held(let leases, _):
            counts.busy += change
            counts.leases += change * leases
        case .draining(let leases):
            counts.draining += change
            counts.leases += change * leases
        case .stopping: counts.stopping += change
        case nil: break
        }
    }

    private mutating func link(_ at: Int, into lane: Int) {
        let id = slots[at].id
        let next = lanes[lane].newest
        slots[at].newer = 0
        slots[at].older = next
        lanes[lane].newest = id
        if next == 0 {
            lanes[lane].oldest = id
            lanesInUse[lane / 64] |= 1 << UInt64(lane % 64)
        } else {
            slots[index(next)].newer = id
        }
    }

    private mutating func unlink(_ at: Int, from lane: Int) {
        let newer = slots[at].newer
        let older = slots[at].older
        if newer == 0 { lanes[lane].newest = older } else { slots[index(newer)].older = older }
        if older == 0 { lanes[lane].oldest = newer } else { slots[index(older)].newer = newer }
        if lanes[lane].newest == 0 { lanesInUse[lane / 64] &= ~(1 << UInt64(lane % 64)) }
    }

    private mutating func setLanes(_ first: [Lane]) {
        lanes = first + Array(repeating: Lane(), count: concurrency - first.count)
        lanesInUse = Array(repeating: 0, count: (concurrency + 63) / 64)
        if lanes[0].newest != 0 { lanesInUse[0] = 1 }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: max(8, old.count * 2))
        for slot in old where slot.state != nil { slots[index(slot.id)] = slot }
    }
}
