extension PoolState {
    /// What does not hold though it always should, in words; empty when all is well.
    ///
    /// For tests: takes time with the size of the pool.
    package func checkInvariants() -> [String] {
        var broken: [String] = []
        func expect(_ holds: Bool, _ rule: String) {
            if !holds { broken.append(rule) }
        }
        let counts = instances.counts
        expect(counts.staying <= limits.max, "no more instances serve than max")
        expect(waiting.walked.count == waiting.count, "the queue finds every request it holds")
        expect(
            waiting.isEmpty || !instances.slots.contains { instances.lane(of: $0.state) != nil },
            "nobody waits while an instance has room"
        )
        expect(mode == .serving || counts.idle == 0, "nothing is idle in a drain")
        expect(mode != .drained || counts.total == 0, "nothing exists once drained")
        expect(mode != .drained || waiting.isEmpty, "nobody waits once drained")
        switch zygote {
        case .absent, .opening:
            expect(counts.total == 0, "no instance exists without its zygote")
        case .closing:
            // One that ends by itself has those that are about to end with it.
            break
        case .ready, .unused:
            let enough = counts.starting * limits.concurrency >= waiting.count
            expect(
                enough || counts.total >= limits.max || nextDeadline() != nil,
                "those waiting have starts under way"
            )
        }
        return broken + instances.checkInvariants()
    }
}

extension InstanceTable {
    func checkInvariants() -> [String] {
        var broken: [String] = []
        func expect(_ holds: Bool, _ rule: String) {
            if !holds { broken.append(rule) }
        }
        var counted = Counts()
        var withRoom = 0
        for (at, slot) in slots.enumerated() {
            guard let state = slot.state else { continue }
            expect(index(slot.id) == at, "an instance lies in its own slot")
            withRoom += lane(of: state) == nil ? 0 : 1
            counted.leases += state.leases
            switch state {
            case .starting: counted.starting += 1
            case .idle: counted.idle += 1
            case .busy(let leases):
                counted.busy += 1
                expect(leases > 0, "a busy instance has a lease")
            case .held(let leases, let held):
                counted.busy += 1
                expect(held > 0 && held <= leases, "a held instance has leases that are held")
            case .draining(let leases):
                counted.draining += 1
                expect(leases > 0, "a draining instance has a lease")
            case .stopping: counted.stopping += 1
            }
        }
        for (id, count) in overstaying {
            var held = 0
            if case .held(_, let others) = state(of: id) { held = others }
            let leases = state(of: id)?.leases ?? 0
            expect(count > 0 && count + held <= leases, "what overstays is a lease")
        }
        expect(counted == counts, "the counts are those of the instances")
        expect(slots.isEmpty || counts.total * 2 <= slots.count, "half of the slots are free")
        var standing = 0
        for lane in lanes.indices { standing += walk(lane, &broken) }
        expect(standing == withRoom, "whoever has room stands in a lane")
        return broken
    }

    /// Checks one lane from its newest to its oldest; returns how many stand in it.
    private func walk(_ lane: Int, _ broken: inout [String]) -> Int {
        var standing = 0
        var newer: UInt32 = 0
        var at = lanes[lane].newest
        var since = UInt64.max
        while at != 0, standing <= slots.count {
            let slot = slots[index(at)]
            if slot.id != at || self.lane(of: slot.state) != lane || slot.newer != newer {
                broken.append("a lane holds those with its number of leases")
            }
            if case .idle(let idleSince, _) = slot.state {
                if idleSince > since { broken.append("the idle lane is in order of time") }
                since = idleSince
            }
            standing += 1
            newer = at
            at = slot.older
        }
        if lanes[lane].oldest != newer { broken.append("a lane ends with its oldest") }
        let inUse = lanesInUse[lane / 64] >> UInt64(lane % 64) & 1 == 1
        if inUse != (standing > 0) { broken.append("the bits name the lanes in use") }
        return standing
    }
}
