import Devices
import Functions
import Instances
import Logging
import Pooling
import Scheduling
import Synchronization
import TestSupport
import Testing

/// A node with the GPUs of the driver's stand-in and everything of ours but containers.
struct GPUNode {
    /// Host memory enough for all, in MiB.
    private static let memoryMiB = 1 << 20

    let driver = ScriptedDriver()
    let gpus: GPUs
    private let scheduler: Scheduler

    /// `steering` is the stand-in's; a start waits `reserveMillisMax` for memory.
    ///
    /// The clock goes on by a millisecond with each look at it, so that no wait is for ever.
    init(_ steering: String, reserveMillisMax: Int = 2_000) async throws {
        let host = HostFixture()
        try host.addNodes()
        try host.addCapabilities()
        try host.addLibraries()
        let library = try NVMLStandIn(steering).library
        gpus = GPUs(
            await NVML.open(library: library).inventory(),
            root: host.path,
            libraryFolder: HostFixture.libraryFolder
        )
        var limits = Scheduler.Limits(memoryMiB: Self.memoryMiB)
        limits.reserveMillisMax = reserveMillisMax
        let clock = TickingClock()
        scheduler = Scheduler(
            driver: driver,
            gpus: gpus,
            limits: limits,
            logger: Logger(label: "node") { _ in SwiftLogNoOpLogHandler() },
            clock: { clock.now() },
            plan: { revision in
                SandboxPlan(revision: revision, bundle: "", layers: [], loadMillisMax: 1_000)
            }
        )
    }

    func makePool(
        _ name: String,
        gpuMiB: Int,
        forks: Bool = false,
        revision: Int = 1,
        min: Int = 0
    ) throws -> Pool {
        var manifest = Manifest(name: name)
        manifest.limits.gpuMemoryMiB = gpuMiB
        manifest.scale.min = min
        let revision = Revision(
            function: try #require(FunctionName(name)),
            number: revision,
            digest: String(repeating: "0", count: 64),
            manifest: manifest,
            account: .local,
            deployedAtMicros: 0
        )
        return scheduler.makePool(for: revision, forks: forks)
    }

    /// MiB that are promised of all devices together.
    var reservedMiB: Int {
        [
            StandInName.large, StandInName.small, StandInName.largeSlice, StandInName.smallSlice,
        ].reduce(0) { $0 + gpus.reservedMiB(on: $1) }
    }
}

private final class TickingClock: Sendable {
    private let nanos = Atomic<UInt64>(0)

    func now() -> UInt64 { nanos.wrappingAdd(1_000_000, ordering: .relaxed).newValue }
}

/// Why a test got no lease.
struct Rejected: Error {
    let reason: RejectReason

    var message: String {
        if case .startFailed(let failure, _) = reason { failure.message } else { "\(reason)" }
    }
}

extension Pool {
    private static let requests = Atomic<UInt64>(0)

    /// Waits for an instance.
    func lease() async throws -> Lease {
        try await withCheckedThrowingContinuation { continuation in
            let waiter = Waiter(continuation)
            let number = Self.requests.wrappingAdd(1, ordering: .relaxed).newValue
            switch acquire(RequestID(number), waiter: waiter) {
            case .lease(let lease): waiter.leased(lease)
            case .rejected(let reason): waiter.rejected(reason)
            case .waiting: break
            }
        }
    }

    /// Has an instance do its work, after which it is idle.
    func use() async throws -> ScriptedInstance {
        let lease = try await lease()
        release(lease)
        return try #require(lease.instance as? ScriptedInstance)
    }
}

private final class Waiter: LeaseWaiter {
    private let continuation: CheckedContinuation<Lease, any Error>

    init(_ continuation: CheckedContinuation<Lease, any Error>) {
        self.continuation = continuation
    }

    func leased(_ lease: Lease) { continuation.resume(returning: lease) }

    func rejected(_ reason: RejectReason) {
        continuation.resume(throwing: Rejected(reason: reason))
    }
}
