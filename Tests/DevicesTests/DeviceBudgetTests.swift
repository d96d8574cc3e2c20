import Devices
import TestSupport
import Testing

@Suite struct DeviceBudgetTests {
    @Test func `a reservation goes to the device that it leaves least room on`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 80_000), .card("GPU-b", 24_000)]))

        #expect(budget.reserve(memoryMiB: 8000, for: 1) == .placed(Placement(uuid: "GPU-b")))
        #expect(budget.reserve(memoryMiB: 30_000, for: 2) == .placed(Placement(uuid: "GPU-a")))
        #expect(budget.reserve(memoryMiB: 15_000, for: 3) == .placed(Placement(uuid: "GPU-b")))
        #expect(budget.reserve(memoryMiB: 1000, for: 4) == .placed(Placement(uuid: "GPU-a")))
    }

    @Test func `a card keeps back its margin, what the driver reserves and what others use`() {
        let card = GPU.card("GPU-a", 80_000, reserved: 500, used: 3000)

        let budget = DeviceBudget<Int>(Inventory([card]))

        #expect(DeviceMargin.memoryMiB(ofCard: 80_000) == 1600)
        #expect(budget.devices.map(\.capacityMiB) == [80_000 - 500 - 3000 - 1600])
    }

    @Test func `a small card keeps back at least what a context takes`() {
        #expect(DeviceMargin.memoryMiB(ofCard: 8000) == DeviceMargin.leastMiB)
        #expect(DeviceBudget<Int>(Inventory([.card("GPU-a", 300)])).devices[0].capacityMiB == 0)
    }

    @Test func `a slice has one reservation, however small`() {
        var budget = DeviceBudget<Int>(Inventory([.sliced("GPU-a", ["MIG-a": 10_000])]))
        let slice = Placement(uuid: "MIG-a", parent: "GPU-a")

        #expect(budget.reserve(memoryMiB: 1, for: 1) == .placed(slice))
        #expect(budget.reserve(memoryMiB: 1, for: 2) == .refused(.full(freeMiB: 0)))
        budget.release(1)
        #expect(budget.reserve(memoryMiB: 10_000, for: 2) == .placed(slice))
    }

    @Test func `a card with MIG on and no slices has no memory to give`() {
        var budget = DeviceBudget<Int>(Inventory([.sliced("GPU-a", [:])]))

        #expect(budget.reserve(memoryMiB: 1, for: 1) == .refused(.noDevice))
    }

    @Test func `a refusal says whether waiting helps`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 10_000)]))
        let capacity = budget.devices[0].capacityMiB

        #expect(
            budget.reserve(memoryMiB: capacity + 1, for: 1)
                == .refused(.tooLarge(largestMiB: capacity))
        )
        #expect(
            budget.reserve(memoryMiB: capacity - 5, for: 1) == .placed(Placement(uuid: "GPU-a"))
        )
        #expect(budget.reserve(memoryMiB: 6, for: 2) == .refused(.full(freeMiB: 5)))
        #expect(budget.reserve(memoryMiB: 1, for: 1) == .refused(.alreadyReserved))
    }

    @Test func `a host without GPUs refuses with that reason`() {
        let absence = DevicesError(.libraryMissing, "no driver")
        var budget = DeviceBudget<Int>(Inventory(absence: absence))

        #expect(budget.reserve(memoryMiB: 1, for: 1) == .refused(.noDevice))
    }

    @Test func `a resuming instance gets its own device or none`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 80_000), .card("GPU-b", 24_000)]))

        let placement = budget.reserve(memoryMiB: 1000, for: 1, on: "GPU-a")

        #expect(placement == .placed(Placement(uuid: "GPU-a")))
        #expect(budget.reserve(memoryMiB: 1000, for: 2, on: "GPU-c") == .refused(.noDevice))
    }

    @Test func `a release of nothing changes nothing`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 80_000)]))
        let before = budget.devices

        #expect(budget.release(7) == nil)
        #expect(budget.devices == before)
    }

    @Test func `reservations on a card that is gone are handed back`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 80_000), .card("GPU-b", 24_000)]))
        _ = budget.reserve(memoryMiB: 1000, for: 1, on: "GPU-a")
        _ = budget.reserve(memoryMiB: 1000, for: 2, on: "GPU-b")

        let homeless = budget.restate(Inventory([.card("GPU-b", 24_000)]))

        #expect(homeless == [1])
        #expect(budget.reservations.keys.sorted() == [2])
        #expect(budget.keys(on: "GPU-b") == [2])
        #expect(budget.release(1) == nil)
    }

    @Test func `our own use of a card does not count as others'`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 80_000, used: 100)]))
        let capacity = budget.devices[0].capacityMiB
        _ = budget.reserve(memoryMiB: 20_000, for: 1)

        budget.restate(Inventory([.card("GPU-a", 80_000, used: 19_000)]))

        #expect(budget.devices.map(\.capacityMiB) == [capacity])
        #expect(budget.devices.map(\.freeMiB) == [capacity - 20_000])
    }

    @Test func `what others took of an empty card is left to them`() {
        var budget = DeviceBudget<Int>(Inventory([.card("GPU-a", 80_000)]))
        let capacity = budget.devices[0].capacityMiB

        budget.restate(Inventory([.card("GPU-a", 80_000, used: 30_000)]))

        #expect(budget.devices.map(\.capacityMiB) == [capacity - 30_000])
    }
}

@Suite struct DeviceBudgetRandomTests {
    private static let steps = 20_000

    /// What must hold after every step, counted anew from the reservations alone.
    private func check(_ budget: DeviceBudget<Int>, _ comment: Comment) {
        for device in budget.devices {
            let keys = budget.keys(on: device.placement.uuid)
            let reserved = keys.compactMap { budget.reservations[$0]?.memoryMiB }.reduce(0, +)
            #expect(device.reservedMiB == reserved, comment)
            #expect(device.keyCount == keys.count, comment)
            #expect(reserved <= device.capacityMiB, comment)
            if device.placement.parent != nil { #expect(keys.count <= 1, comment) }
        }
        // Each is on one device, and on one that there is.
        let placed = budget.devices.map(\.keyCount).reduce(0, +)
        #expect(placed == budget.reservations.count, comment)
    }

    @Test(arguments: 1...4)
    func `no sequence of steps over-commits a device`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var budget = DeviceBudget<Int>(.random(using: &random))
        for step in 0..<Self.steps {
            let key = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case ..<55:
                let memoryMiB = Int.random(in: 1...30_000, using: &random)
                let before = budget
                if case .placed(let placement) = budget.reserve(memoryMiB: memoryMiB, for: key) {
                    #expect(before.reservations[key] == nil)
                    #expect(budget.reservations[key]?.placement == placement)
                } else {
                    #expect(budget.devices == before.devices)
                }
            case ..<98:
                budget.release(key)
            default:
                let before = budget.reservations
                let homeless = budget.restate(.random(using: &random))
                #expect(Set(before.keys) == homeless.union(budget.reservations.keys))
                #expect(homeless.isDisjoint(with: budget.reservations.keys))
            }
            check(budget, "seed \(seed), step \(step)")
        }
    }

    @Test(arguments: 1...4)
    func `releasing everything restores the budget`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let inventory = Inventory.random(using: &random)
        var budget = DeviceBudget<Int>(inventory)
        let untouched = budget.devices

        for round in 0..<500 {
            for key in 0..<30 {
                _ = budget.reserve(
                    memoryMiB: Int.random(in: 1...20_000, using: &random),
                    for: key
                )
            }
            for key in (0..<30).shuffled(using: &random) { budget.release(key) }
            #expect(budget.devices == untouched, "seed \(seed), round \(round)")
        }
    }
}
