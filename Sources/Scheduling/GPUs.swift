package import Devices
import Instances
import NIOConcurrencyHelpers
import Pooling

/// The node's GPUs: which memory is promised to which instance, and what containers need to see
/// them.
package final class GPUs: Sendable {
    private let inventory: Inventory
    private let root: String
    private let libraryFolder: String?
    private let budget: NIOLockedValueBox<GPUBudget>

    /// Promises nothing yet.
    ///
    /// Paths of the host are read under `root`; `libraryFolder` has the driver's libraries, nil to
    /// look for them.
    package init(_ inventory: Inventory, root: String = "/", libraryFolder: String? = nil) {
        self.inventory = inventory
        self.root = root
        self.libraryFolder = libraryFolder
        budget = NIOLockedValueBox(GPUBudget(inventory))
    }

    /// Chooses the device of a zygote's sandbox, by what one of its instances needs.
    ///
    /// - Returns: the UUID of the card or slice.
    func settle(
        _ pool: PoolKey,
        memoryMiB: Int,
        activity: GPUBudget.Activity
    ) throws(InstanceError) -> String {
        let decision = budget.withLockedValue { budget in
            budget.settle(pool, memoryMiB: memoryMiB, activity: activity)
        }
        switch decision {
        case .placed(let placement): return placement.uuid
        case .refused(let refusal): throw InstanceError(refusal, memoryMiB: memoryMiB)
        }
    }

    /// The zygote's sandbox is gone.
    func unsettle(_ pool: PoolKey) { budget.withLockedValue { $0.unsettle(pool) } }

    func reserve(
        memoryMiB: Int,
        for holder: GPUBudget.Holder,
        isForked: Bool,
        activity: GPUBudget.Activity
    ) -> GPUVerdict {
        budget.withLockedValue { budget in
            budget.reserve(
                memoryMiB: memoryMiB,
                for: holder,
                isForked: isForked,
                activity: activity
            )
        }
    }

    func release(_ holder: GPUBudget.Holder) { budget.withLockedValue { $0.release(holder) } }

    /// What a container needs to use that card or slice and no other.
    ///
    /// Reads files, some milliseconds.
    func access(to uuid: String) throws(InstanceError) -> DeviceAccess {
        let placement = Placement(uuid: uuid, parent: inventory.slice(uuid)?.parent)
        do throws(DevicesError) {
            return DeviceAccess(
                try ContainerDevices.resolve(
                    placement,
                    in: inventory,
                    root: root,
                    libraryFolder: libraryFolder
                )
            )
        } catch {
            throw InstanceError(.host, "\(error)")
        }
    }

    /// Memory promised to instances on a device, in MiB.
    package func reservedMiB(on uuid: String) -> Int {
        budget.withLockedValue { $0.devices.device(uuid)?.reservedMiB ?? 0 }
    }
}

extension InstanceError {
    /// Why there is no GPU memory, for the person who must act.
    init(_ refusal: GPUBudget.Refusal, memoryMiB: Int) {
        let reason =
            switch refusal {
            case .noDevice: "no GPU can be used: see `faas doctor`"
            case .tooLarge(let largest): "the largest device has \(largest) MiB"
            case .full(let free): "\(free) MiB are free on one device; the rest is promised"
            case .alreadyReserved: "it has been reserved already"
            }
        self.init(.host, "it needs \(memoryMiB) MiB of GPU memory: \(reason)")
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
