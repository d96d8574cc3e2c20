package import Devices
import Instances
import NIOConcurrencyHelpers

/// The node's GPUs: which memory is promised to which instance, and what containers need to see
/// them.
///
/// A sandbox sees one card or slice, chosen when it is made; its instances all run there.
package final class GPUs: Sendable {
    struct Claim: Hashable, Sendable {
        let pool: PoolKey
        let number: Int
    }

    private struct Mutable {
        var budget: DeviceBudget<Claim>
        var placements: [PoolKey: Placement] = [:]
        var lastNumber = 0
    }

    private let inventory: Inventory
    private let lock: NIOLockedValueBox<Mutable>

    package init(_ inventory: Inventory) {
        self.inventory = inventory
        lock = NIOLockedValueBox(Mutable(budget: DeviceBudget(inventory)))
    }

    /// Chooses a device with room for an instance of a pool.
    ///
    /// Reads files, some milliseconds.
    func place(_ pool: PoolKey, memoryMiB: Int) throws(InstanceError) -> DeviceAccess {
        let decision = lock.withLockedValue { value in
            value.lastNumber += 1
            let claim = Claim(pool: pool, number: value.lastNumber)
            let decision = value.budget.reserve(memoryMiB: memoryMiB, for: claim)
            // The instances reserve for themselves: this was to find where they fit.
            value.budget.release(claim)
            if case .placed(let placement) = decision { value.placements[pool] = placement }
            return decision
        }
        switch decision {
        case .refused(let refusal): throw Self.error(refusal, memoryMiB: memoryMiB)
        case .placed(let placement):
            do throws(DevicesError) {
                return DeviceAccess(try ContainerDevices.resolve(placement, in: inventory))
            } catch {
                throw InstanceError(.host, "\(error)")
            }
        }
    }

    /// Promises memory for one instance on its pool's device; the closure takes it back.
    func reserve(_ pool: PoolKey, memoryMiB: Int) throws(InstanceError) -> @Sendable () -> Void {
        let (claim, decision) = lock.withLockedValue { value in
            value.lastNumber += 1
            let claim = Claim(pool: pool, number: value.lastNumber)
            let uuid = value.placements[pool]?.uuid
            return (claim, value.budget.reserve(memoryMiB: memoryMiB, for: claim, on: uuid))
        }
        if case .refused(let refusal) = decision {
            throw Self.error(refusal, memoryMiB: memoryMiB)
        }
        return { [lock] in lock.withLockedValue { _ = $0.budget.release(claim) } }
    }

    func forget(_ pool: PoolKey) {
        lock.withLockedValue { $0.placements[pool] = nil }
    }

    /// Memory promised to instances on a device, in MiB.
    package func reservedMiB(on uuid: String) -> Int {
        lock.withLockedValue { value in
            value.budget.reservations.values
                .filter { $0.placement.uuid == uuid }
                .reduce(0) { $0 + $1.memoryMiB }
        }
    }

    private static func error(
        _ refusal: DeviceBudget<Claim>.Refusal,
        memoryMiB: Int
    ) -> InstanceError {
        let reason =
            switch refusal {
            case .noDevice: "no GPU can be used: see `faas doctor`"
            case .tooLarge(let largest): "the largest device has \(largest) MiB"
            case .full(let free): "\(free) MiB are free on one device; the rest is promised"
            case .alreadyReserved: "it has been reserved already"
            }
        return InstanceError(.host, "it needs \(memoryMiB) MiB of GPU memory: \(reason)")
    }
}

extension DeviceAccess {
    fileprivate init(_ devices: ContainerDevices) {
        self.init()
        nodes = devices.nodes.map {
            Node(path: $0.path, major: Int($0.major), minor: Int($0.minor))
        }
        mounts = devices.mounts.map { Mount(source: $0.source, destination: $0.destination) }
        env = devices.environment
        groups = devices.additionalGroups.map(Int.init)
    }
}
