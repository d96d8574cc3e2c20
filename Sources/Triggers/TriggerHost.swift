package import Functions
import GatewayAPI
import GatewayServer
package import NIOPosix

/// Binds what a function's manifest says of queues and schedules to what runs them.
package struct TriggerHost: TriggerBinder {
    let engine: QueueEngine
    let brokers: BrokerHost
    let threads: NIOThreadPool

    package init(engine: QueueEngine, brokers: BrokerHost, threads: NIOThreadPool) {
        self.engine = engine
        self.brokers = brokers
        self.threads = threads
    }

    package func check(
        _ manifest: Manifest,
        of name: FunctionName,
        for account: Account
    ) async throws {
        for schedule in manifest.triggers.schedules where Zone(schedule.zone) == nil {
            throw Problem(
                .triggerFailed,
                detail: "The schedule \(schedule.name) has the zone `\(schedule.zone)`, which the "
                    + "time zone database does not know: such as Europe/Stockholm, or UTC."
            )
        }
        if let conflict = try await engine.conflict(of: name, account, manifest.triggers) {
            throw Problem(.queueInUse, detail: conflict)
        }
        for trigger in manifest.triggers.queues {
            guard case .broker(let source) = trigger.source else { continue }
            try await threads.runIfActive { [brokers] in
                do throws(BrokerError) { try brokers.check(source) } catch {
                    throw Problem(.triggerFailed, detail: error.description)
                }
            }
        }
    }

    package func bind(_ revision: Revision, isRestored: Bool) async throws {
        try await engine.bind(revision, isRestored: isRestored)
        try brokers.bind(BoundFunction(revision))
    }

    package func unbind(_ name: FunctionName) async throws {
        brokers.unbind(name)
        try await engine.unbind(name)
    }
}

extension BoundFunction {
    init(_ revision: Revision) {
        self.init(
            name: revision.function,
            account: revision.account,
            scale: revision.manifest.scale,
            triggers: revision.manifest.triggers
        )
    }
}
