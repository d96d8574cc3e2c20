package import Devices
package import Pooling

/// The GPU memory of one node: which instance holds how much of which card or slice, and who gives
/// some up when it runs short.
///
/// It decides and its owner acts. The sandbox of a zygote sees one device, its home, so all that
/// are forked from it are there; an instance in a sandbox of its own goes wherever there is room,
/// and its sandbox is made for the device that it got. A sandbox holds no GPU memory by itself.
package struct GPUBudget: Sendable {
    /// One instance of one pool.
    package struct Holder: Hashable, Sendable {
        package let pool: PoolKey
        package let instance: InstanceID

        package init(pool: PoolKey, instance: InstanceID) {
            self.pool = pool
            self.instance = instance
        }
    }

    package typealias Refusal = DeviceBudget<Holder>.Refusal
    /// What each pool's instances are doing; asked only when memory is short.
    package typealias Activity = () -> [PoolKey: PoolActivity]

    private struct Home {
        let placement: Placement
        /// What each instance will reserve, in MiB.
        let memoryMiB: Int
    }

    package private(set) var devices: DeviceBudget<Holder>
    private var homes: [PoolKey: Home] = [:]

    package init(_ inventory: Inventory) {
        devices = DeviceBudget(inventory)
    }

    /// Chooses the device that the sandbox of a pool's zygote sees, and reserves nothing of it.
    ///
    /// `memoryMiB` is that of one instance. Refuses only what waiting would not help: by the time
    /// that the model has loaded, others may have ended.
    package mutating func settle(
        _ pool: PoolKey,
        memoryMiB: Int,
        activity: Activity
    ) -> DeviceBudget<Holder>.Decision {
        homes[pool] = nil
        // Instances count from 1, so none has this number.
        let holder = Holder(pool: pool, instance: InstanceID(0))
        var now = devices
        var decision = now.reserve(memoryMiB: memoryMiB, for: holder)
        if case .refused(let refusal) = decision, !refusal.mayPass { return decision }

        let quiet = quietDevice(for: holder, memoryMiB: memoryMiB)
        let uuid =
            quiet ?? calmestDevice { $0.freeMiB >= memoryMiB }
            ?? sacrifice(for: holder, memoryMiB: memoryMiB, on: nil, activity())?.device
            ?? calmestDevice { $0.capacityMiB >= memoryMiB }
        if let placement = uuid.flatMap({ devices.device($0)?.placement }) {
            homes[pool] = Home(placement: placement, memoryMiB: memoryMiB)
            decision = .placed(placement)
        }
        return decision
    }

    /// Notes that the sandbox of a pool's zygote is gone, or was never made.
    package mutating func unsettle(_ pool: PoolKey) { homes[pool] = nil }

    /// Reserves memory of one device for an instance that is to be started.
    ///
    /// `isForked` allows the home of its pool only.
    package mutating func reserve(
        memoryMiB: Int,
        for holder: Holder,
        isForked: Bool,
        activity: Activity
    ) -> GPUVerdict {
        var uuid: String?
        if isForked {
            guard let home = homes[holder.pool] else { return .homeless }
            uuid = home.placement.uuid
        }
        let quiet = isForked ? nil : quietDevice(for: holder, memoryMiB: memoryMiB)
        switch devices.reserve(memoryMiB: memoryMiB, for: holder, on: quiet ?? uuid) {
        case .placed(let placement):
            return .reserved(placement)
        case .refused(.full(let freeMiB)):
            let sacrifice = sacrifice(for: holder, memoryMiB: memoryMiB, on: uuid, activity())
            guard let sacrifice else { return .refused(.full(freeMiB: freeMiB)) }
            return .evict(sacrifice.victims.map(\.holder))
        case .refused(let refusal):
            return .refused(refusal)
        }
    }

    /// Takes back what an instance holds; once it has ended, or has not started after all.
    package mutating func release(_ holder: Holder) { devices.release(holder) }

    /// A device with room beside what zygotes without instances will want when they get some.
    ///
    /// Without it, functions deployed while nothing ran would all be at home on one device, and
    /// evict each other while another is empty.
    private func quietDevice(for holder: Holder, memoryMiB: Int) -> String? {
        var later = devices
        for (pool, home) in resting where pool != holder.pool {
            _ = later.reserve(
                memoryMiB: home.memoryMiB,
                for: Holder(pool: pool, instance: InstanceID(0)),
                on: home.placement.uuid
            )
        }
        guard case .placed(let placement) = later.reserve(memoryMiB: memoryMiB, for: holder) else {
            return nil
        }
        return placement.uuid
    }

    /// Of the devices that are `suitable`, the one that is least overcrowded when all at home there
    /// have an instance.
    private func calmestDevice(
        where suitable: (DeviceBudget<Holder>.Device) -> Bool
    ) -> String? {
        var crowds: [String: Int] = [:]
        for (_, home) in resting {
            guard let device = devices.device(home.placement.uuid) else { continue }
            crowds[device.placement.uuid, default: 0] += device.taken(by: home.memoryMiB)
        }
        func crowding(_ device: DeviceBudget<Holder>.Device) -> Double {
            let waitingMiB = crowds[device.placement.uuid, default: 0]
            let heldMiB = device.capacityMiB - device.freeMiB
            return Double(heldMiB + waitingMiB) / Double(device.capacityMiB)
        }
        return devices.devices.filter(suitable)
            .min { crowding($0) < crowding($1) }?.placement.uuid
    }

    /// The homes of pools that have no instance, in a fixed order.
    private var resting: [(pool: PoolKey, home: Home)] {
        let active = Set(devices.reservations.keys.map(\.pool))
        return homes.filter { !active.contains($0.key) }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension DeviceBudget.Refusal {
    /// Whether the same wish may be granted later.
    var mayPass: Bool { if case .full = self { true } else { false } }
}

/// What the budget says to an instance that needs GPU memory.
package enum GPUVerdict: Sendable, Equatable {
    case reserved(Placement)
    /// Nothing is reserved yet: stop these, release each once it has ended, then ask again.
    ///
    /// None may be named, where enough is ending already. Longest idle first.
    case evict([GPUBudget.Holder])
    /// `full` is worth another try while others are busy: they may become idle.
    case refused(GPUBudget.Refusal)
    /// The zygote that it was to be forked from is gone.
    case homeless
}
