import Functions
import Pooling

/// A node that does what a pool says, and notes each thing that it should not have said.
struct SimulatedNode {
    enum Process: Equatable {
        case starting
        /// Leases that are held keep it from taking others.
        case running(leases: Int, held: Int = 0)
        case stopping
    }

    enum Zygote {
        case none
        case opening
        case open
        /// Ends by itself, which the pool knows from a fork that failed.
        case dying
        case closing
    }

    enum Fate: Equatable {
        case waiting
        case leased(InstanceID)
        case held(InstanceID)
        case overstaying(InstanceID)
        case done
    }

    let forks: Bool
    var limits: PoolLimits
    var processes: [InstanceID: Process] = [:]
    var used: Set<InstanceID> = []
    var zygote = Zygote.none
    var fates: [RequestID: Fate] = [:]
    var isDrained = false
    var faults: [String] = []

    init(limits: PoolLimits, forks: Bool) {
        self.limits = limits
        self.forks = forks
    }

    mutating func perform(_ actions: [PoolAction]) {
        for action in actions { perform(action) }
    }

    mutating func perform(_ action: PoolAction) {
        expect(!isDrained, "nothing follows drained")
        switch action {
        case .openZygote:
            expect(forks && zygote == .none, "opens a zygote where there is none")
            zygote = .opening
        case .start(let id, _): start(id)
        case .stop(let id):
            let state = processes[id]
            expect(state == .starting || state == .running(leases: 0), "stops what has no lease")
            processes[id] = .stopping
        case .closeZygote:
            expect(zygote == .open && processes.isEmpty, "closes a zygote without instances")
            zygote = .closing
        case .lease(let request, let id, _): lease(request, id)
        case .reject(let request, _):
            expect(fates[request] == .waiting, "rejects one who waits")
            fates[request] = .done
        case .drained:
            expect(processes.isEmpty && zygote == .none, "nothing is left when drained")
            expect(!fates.values.contains(.waiting), "nobody waits when drained")
            isDrained = true
        }
    }

    mutating func start(_ id: InstanceID) {
        expect(!forks || zygote == .open, "forks from an open zygote")
        expect(processes.count < limits.max, "starts no more than max")
        expect(used.insert(id).inserted, "an id is new")
        processes[id] = .starting
    }

    mutating func lease(_ request: RequestID, _ id: InstanceID) {
        expect(fates[request] == .waiting, "leases to one who waits")
        fates[request] = .leased(id)
        guard case .running(let leases, 0) = processes[id], leases < limits.concurrency else {
            faults.append("leases an instance with room: \(id)")
            return
        }
        processes[id] = .running(leases: leases + 1)
    }

    /// Ends the invocations of an instance that is gone.
    mutating func end(_ id: InstanceID) {
        processes[id] = nil
        let ends = [Fate.leased(id), .held(id), .overstaying(id)]
        for (request, fate) in fates where ends.contains(fate) { fates[request] = .done }
    }

    /// What differs between the pool's numbers and what is there.
    func differences(from snapshot: PoolSnapshot) -> [String] {
        var differences: [String] = []
        let leased = fates.values.filter { $0 != .waiting && $0 != .done }.count
        let waiting = fates.values.filter { $0 == .waiting }.count
        if snapshot.leases != leased { differences.append("leases") }
        if snapshot.waiting != waiting { differences.append("waiting") }
        if snapshot.instances != processes.count { differences.append("instances") }
        let isDead = processes.isEmpty && (zygote == .none || zygote == .open)
        if waiting > 0, isDead { differences.append("somebody waits for nothing") }
        return differences
    }

    private mutating func expect(_ holds: Bool, _ rule: String) {
        if !holds { faults.append(rule) }
    }
}
