package import Devices
package import GatewayAPI
import Hosts
package import NIOPosix

/// Looks at the gateway's host: what `GET /v1/node` answers and `faas doctor` shows.
package struct NodeInspector: Sendable {
    /// Of the gateway.
    package var version: String
    package var dataFolder: String
    /// Path of the OCI runtime that the driver uses; nil to look for runc, then crun.
    package var runtime: String?
    /// `/` but in tests: where `/proc`, cgroups and programs are looked for.
    package var root = "/"
    /// Instant of the monotonic clock, in nanoseconds, at which the gateway started.
    package var startedAtNanos = Clock.monotonicNanos()

    package init(version: String, dataFolder: String, runtime: String? = nil) {
        self.version = version
        self.dataFolder = dataFolder
        self.runtime = runtime
    }

    /// Looks at the host now; takes 100 ms or so, as programs are asked what they are and can.
    ///
    /// - Parameters:
    ///   - threads: for calls that block.
    ///   - inventory: the GPUs, from `NVML`.
    ///   - reservedMiB: what instances reserve of the card or slice with that UUID.
    /// - Returns: what was found, with a check for each thing that functions need.
    /// - Throws: only what `threads` throws when it has been shut down.
    package func report(
        on threads: NIOThreadPool,
        inventory: Inventory,
        reservedMiB: @escaping @Sendable (String) -> Int
    ) async throws -> NodeReport {
        try await threads.runIfActive { report(inventory: inventory, reservedMiB: reservedMiB) }
    }

    /// As the other `report`, but blocks: not for event loops.
    package func report(inventory: Inventory, reservedMiB: (String) -> Int) -> NodeReport {
        let facts = HostFacts.read(
            root: root,
            dataFolder: dataFolder,
            isGateway: true,
            runtime: runtime
        )
        let upNanos = Clock.monotonicNanos() - min(startedAtNanos, Clock.monotonicNanos())
        return NodeReport(
            version: version,
            runtime: facts.runtimes.first,
            python: facts.python,
            cgroupLayout: facts.cgroupLayout,
            seccomp: facts.hasSeccomp,
            gpus: inventory.reports(reservedMiB: reservedMiB),
            dataFolder: dataFolder,
            diskFreeBytes: facts.diskFreeBytes ?? 0,
            uptimeSeconds: Int64(upNanos / 1_000_000_000),
            checks: HostChecks.all(facts) + inventory.checks
        )
    }
}

extension Inventory {
    /// Every card and, where MIG is on, every slice instead of its card.
    package func reports(reservedMiB: (String) -> Int) -> [GPUReport] {
        gpus.flatMap { gpu -> [GPUReport] in
            guard gpu.mig == .enabled else {
                return [
                    GPUReport(
                        uuid: gpu.uuid,
                        name: gpu.name,
                        memoryMiB: gpu.memory.totalBytes >> 20,
                        reservedMiB: reservedMiB(gpu.uuid)
                    )
                ]
            }
            return gpu.slices.map { slice in
                GPUReport(
                    uuid: slice.uuid,
                    name: "\(gpu.name), slice \(slice.index)",
                    memoryMiB: slice.memoryMiB,
                    reservedMiB: reservedMiB(slice.uuid)
                )
            }
        }
    }
}
