import Devices
import Functions
import Instances
import Logging
import NIOConcurrencyHelpers
import Pooling

/// One pool's side of the node: its memory, its device, its sandbox.
struct NodePool: PoolHost {
    let scheduler: Scheduler
    let key: PoolKey
    let revision: Revision
    let forks: Bool

    func openSandbox() async throws(InstanceError) -> any Sandbox {
        let estimate = revision.manifest.limits.memoryMiB
        let (key, now) = (key, scheduler.clock())
        scheduler.lock.withLockedValue { $0.budget.pin(key) }
        defer { scheduler.lock.withLockedValue { $0.budget.unpin(key) } }
        try await scheduler.admit {
            $0.admitZygote(key, estimateMiB: estimate, now: now, idle: $1)
        }
        do throws(InstanceError) {
            let began = scheduler.clock()
            let sandbox = try await open(for: nil)
            measure(sandbox, reloadMicros: (scheduler.clock() - began) / 1000)
            sandbox.whenEnded { [logger = scheduler.logger, id = revision.id] end in
                guard case .died(let reason) = end else { return }
                logger.warning(
                    "zygote ended by itself",
                    metadata: ["revision": "\(id)", "reason": "\(reason)"]
                )
            }
            return sandbox
        } catch {
            sandboxEnded()
            throw error
        }
    }

    func openSandboxForInstance(
        _ reservation: InstanceReservation
    ) async throws(InstanceError) -> any Sandbox {
        try await open(for: reservation)
    }

    /// Opens a sandbox that sees the card or slice that is reserved, or the one that all instances
    /// of a zygote will be on.
    private func open(
        for reservation: InstanceReservation?
    ) async throws(InstanceError) -> any Sandbox {
        do throws(InstanceError) {
            var plan = try scheduler.plan(revision)
            plan.forks = forks
            if revision.manifest.limits.gpuMemoryMiB > 0 {
                plan.devices = try devices(reservation)
            }
            return try await scheduler.driver.open(plan)
        } catch {
            scheduler.logger.warning(
                "sandbox could not be opened",
                metadata: ["revision": "\(revision.id)", "reason": "\(error.message)"]
            )
            throw error
        }
    }

    func sandboxEnded() {
        scheduler.lock.withLockedValue { $0.budget.releaseZygote(key) }
        scheduler.gpus?.unsettle(key)
    }

    func reserveInstance(_ id: InstanceID) async throws(InstanceError) -> InstanceReservation {
        let limits = revision.manifest.limits
        let key = key
        try await scheduler.admit {
            $0.reserveInstance(key, mebibytes: limits.memoryMiB, idle: $1)
        }
        let release: @Sendable () -> Void = { [scheduler] in
            scheduler.lock.withLockedValue {
                $0.budget.releaseInstance(key, mebibytes: limits.memoryMiB)
            }
        }
        guard limits.gpuMemoryMiB > 0 else {
            return InstanceReservation(device: .cpu, release: release)
        }
        do throws(InstanceError) {
            let gpus = try requireGPUs()
            let holder = GPUBudget.Holder(pool: key, instance: id)
            let gpu = try await scheduler.reserve(
                limits.gpuMemoryMiB,
                on: gpus,
                for: holder,
                isForked: forks
            )
            return InstanceReservation(device: .cuda, gpu: gpu) {
                gpus.release(holder)
                release()
            }
        } catch {
            release()
            throw error
        }
    }

    private func devices(
        _ reservation: InstanceReservation?
    ) throws(InstanceError) -> DeviceAccess {
        let gpus = try requireGPUs()
        if let gpu = reservation?.gpu { return try gpus.access(to: gpu) }
        let memoryMiB = revision.manifest.limits.gpuMemoryMiB
        let home = try gpus.settle(key, memoryMiB: memoryMiB) { scheduler.activity }
        return try gpus.access(to: home)
    }

    private func requireGPUs() throws(InstanceError) -> GPUs {
        guard let gpus = scheduler.gpus else {
            throw InstanceError(
                .host,
                "it asks for GPU memory and this node has no GPU: see `faas doctor`"
            )
        }
        return gpus
    }

    /// Replaces the estimate of the zygote's memory by what it is, off the path of the first start.
    private func measure(_ sandbox: any Sandbox, reloadMicros: UInt64) {
        Task {
            let mebibytes = await sandbox.memoryMiB()
            let eviction = scheduler.lock.withLockedValue {
                $0.budget.measured(key, mebibytes: mebibytes, reloadMicros: reloadMicros)
            }
            scheduler.evict(eviction)
        }
    }
}
