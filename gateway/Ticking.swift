import GatewayServer
import Scheduling
import ServiceLifecycle
import Synchronization

/// Whether `/readyz` says yes: from the start of serving to the start of stopping.
final class Readiness: Sendable {
    private let isReady = Atomic<Bool>(true)

    var value: Bool { isReady.load(ordering: .relaxed) }

    func end() { isReady.store(false, ordering: .relaxed) }
}

/// Keep-alives, budgets, rollouts, probes and cleaning up, for as long as the gateway serves.
struct Ticking: Service {
    let scheduler: Scheduler
    let deployer: Deployer

    func run() async throws {
        await cancelWhenGracefulShutdown {
            async let deploying: Void = deployer.run()
            async let cleaning: Void = deployer.cleanUp()
            await scheduler.run()
            _ = await (deploying, cleaning)
        }
    }
}
