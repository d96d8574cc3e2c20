import Functions
import GatewayAPI
package import GatewayServer
import HTTPTypes
package import Hummingbird
import NIOCore
package import NIOPosix
package import Storage

/// The routes of everything that is not answered at once: queues, schedules, asynchronous
/// invocations and their results.
package struct TriggerRoutes: Sendable {
    let engine: QueueEngine
    let brokers: BrokerHost
    let dispatcher: Dispatcher
    let ledger: Ledger
    let authorizer: Authorizer
    let threads: NIOThreadPool

    package init(
        engine: QueueEngine,
        brokers: BrokerHost,
        dispatcher: Dispatcher,
        ledger: Ledger,
        authorizer: Authorizer,
        threads: NIOThreadPool
    ) {
        self.engine = engine
        self.brokers = brokers
        self.dispatcher = dispatcher
        self.ledger = ledger
        self.authorizer = authorizer
        self.threads = threads
    }

    package func add(to router: RouterGroup<BasicRequestContext>) {
        addQueueRoutes(to: router)
        addInvocationRoutes(to: router)
        router.get("/v1/schedules") { request, _ in
            try await answering { try await schedules(request) }
        }
    }

    /// Whose request this is; nil where no keys are configured.
    func account(_ request: Request) -> String? {
        authorizer.isOpen
            ? nil : authorizer.account(authorization: request.headers[.authorization])
    }

    /// Whether a request may see what belongs to a function.
    func mayUse(_ function: String?, _ request: Request) -> Bool {
        guard let account = account(request) else { return authorizer.isOpen }
        guard let function, let route = dispatcher.route(function) else { return false }
        return route.revision.account.description == account
    }

    /// Says what a queue says in the words of a problem.
    func answering<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as QueueError { throw Problem(error) }
    }

    private func schedules(_ request: Request) async throws -> Response {
        let schedules = try await engine.schedules()
            .filter { mayUse($0.function.description, request) }
            .map { status in
                ScheduleReport(
                    name: status.trigger.name,
                    function: status.function.description,
                    cron: status.trigger.cron,
                    zone: status.zone.name,
                    missed: status.trigger.missed,
                    lastAtMicros: status.lastAt,
                    next: status.next,
                    offsetsMinutes: status.next.map {
                        status.zone.offset(atSeconds: $0 / 1_000_000) / 60
                    }
                )
            }
            .sorted { ($0.function, $0.name) < ($1.function, $1.name) }
        return try ManagementRoutes.json(ScheduleList(schedules: schedules))
    }
}

extension Problem {
    init(_ error: QueueError) {
        switch error {
        case .notFound(let key) where key.kind == .queue:
            self.init(
                .queueNotFound,
                detail: "There is no queue \(key.name): one is there once the manifest of a "
                    + "deployed function names it; see `faas queue list`."
            )
        case .notFound(let key):
            self.init(
                .functionNotFound,
                detail: "There is no function \(key.name): see `faas list`."
            )
        case .full(let reason): self.init(.queueFull, detail: reason, retryAfterSeconds: 5)
        case .storage(let error):
            self.init(
                error.code == .diskFull ? .storageFull : .notReady,
                detail: "The queue cannot be written now, so nothing was taken: \(error.code).",
                retryAfterSeconds: 5
            )
        case .inUse(let reason): self.init(.queueInUse, detail: reason)
        case .closed: self.init(.draining, retryAfterSeconds: 5)
        }
    }
}
