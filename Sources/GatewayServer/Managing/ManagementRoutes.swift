import Functions
package import GatewayAPI
import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
package import NIOPosix
import Pooling
package import Scheduling
package import Storage

/// The management routes: everything but the invocation path.
package struct ManagementRoutes: Sendable {
    let deployer: Deployer
    let dispatcher: Dispatcher
    let scheduler: Scheduler
    let ledger: Ledger
    let authorizer: Authorizer
    let threads: NIOThreadPool
    let version: String
    let inspect: @Sendable () async throws -> NodeReport
    let metrics: @Sendable () async -> [UInt8]
    let isReady: @Sendable () -> Bool

    /// Makes the routes.
    ///
    /// `threads` run what blocks; `inspect` looks at the host, for `faas doctor`; `metrics` gives
    /// Prometheus text.
    package init(
        deployer: Deployer,
        dispatcher: Dispatcher,
        scheduler: Scheduler,
        ledger: Ledger,
        authorizer: Authorizer,
        threads: NIOThreadPool,
        version: String,
        inspect: @escaping @Sendable () async throws -> NodeReport,
        metrics: @escaping @Sendable () async -> [UInt8],
        isReady: @escaping @Sendable () -> Bool
    ) {
        self.deployer = deployer
        self.dispatcher = dispatcher
        self.scheduler = scheduler
        self.ledger = ledger
        self.authorizer = authorizer
        self.threads = threads
        self.version = version
        self.inspect = inspect
        self.metrics = metrics
        self.isReady = isReady
    }

    /// `adding` puts other modules' routes behind the check of keys.
    package func router(
        adding: (RouterGroup<BasicRequestContext>) -> Void = { _ in }
    ) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        let known = KnownRoutes()
        router.add(middleware: ProblemMiddleware(known: known))
        router.get("/healthz") { _, _ in try Self.json(health(.ok)) }
        router.head("/healthz") { _, _ in try Self.json(health(.ok)).createHeadResponse() }
        router.get("/readyz") { _, _ in try readiness() }
        router.head("/readyz") { _, _ in try readiness().createHeadResponse() }
        let keyed = router.group().add(middleware: KeyMiddleware(authorizer: authorizer))
        keyed.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: PrometheusText.contentType],
                body: .init(byteBuffer: ByteBuffer(bytes: await metrics()))
            )
        }
        keyed.get("/v1/node") { _, _ in try Self.json(try await inspect()) }
        keyed.get("/v1/pools") { request, _ in try Self.json(await pools(request)) }
        addFunctionRoutes(to: keyed)
        addUsageRoutes(to: keyed)
        adding(keyed)
        known.learn(router.routes)
        return router
    }

    private func readiness() throws -> Response {
        isReady()
            ? try Self.json(health(.ok))
            : try Self.json(health(.starting), status: .serviceUnavailable)
    }

    package static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: MediaType.json],
            body: .init(byteBuffer: ByteBuffer(bytes: try JSONCoding.encode(value)))
        )
    }

    /// Whose request this is: the key's account, or the local one where no keys are configured.
    func account(_ request: Request) -> Account {
        authorizer.account(authorization: request.headers[.authorization]).map(Account.init)
            ?? .local
    }

    /// Whether the request's key may see and manage what belongs to an account.
    func owns(_ account: Account, _ request: Request) -> Bool {
        authorizer.isOpen || account == self.account(request)
    }

    func name(_ context: BasicRequestContext) throws -> FunctionName {
        let text = context.parameters.get("name") ?? ""
        guard let name = FunctionName(text) else {
            throw Problem(
                .nameInvalid,
                detail: "`\(text)` is not a function name: 1 to 63 of a-z, 0-9 and -."
            )
        }
        return name
    }

    /// The route of a function that the request's key may manage.
    func route(_ request: Request, _ context: BasicRequestContext) throws -> Route {
        let name = try name(context)
        guard let route = dispatcher.route(name.description), owns(route.revision.account, request)
        else {
            throw Problem(
                .functionNotFound,
                detail: "There is no function \(name): see `faas list`."
            )
        }
        return route
    }

    package static func parameters(_ request: Request) -> [String: String] {
        Dictionary(
            request.uri.queryParameters.map { (String($0.key), String($0.value)) }
        ) { first, _ in first }
    }

    private func health(_ state: Health.State) -> Health { Health(state: state, version: version) }

    private func pools(_ request: Request) async -> PoolList {
        var reports: [PoolReport] = []
        for pool in scheduler.pools
        where pool.snapshot.isInMemory && owns(pool.revision.account, request) {
            let counts = PoolCounts(pool.snapshot)
            let limits = pool.revision.manifest.limits
            let used = pool.lastUsedAt
            let (now, wall) = (Clock.monotonicNanos(), Clock.wallMicros())
            reports.append(
                PoolReport(
                    function: pool.revision.function.description,
                    revision: pool.revision.id,
                    counts: counts,
                    memoryBytes: Int64(await pool.zygoteMemoryMiB()) << 20,
                    gpuMemoryMiB: limits.gpuMemoryMiB * (counts.idle + counts.busy),
                    lastUsedAtMicros: used == 0 ? nil : wall - Int64((now - min(now, used)) / 1000)
                )
            )
        }
        return PoolList(pools: reports.sorted { $0.revision < $1.revision })
    }
}

extension PoolSnapshot {
    fileprivate var isInMemory: Bool { instances > 0 || zygote == .ready || zygote == .opening }
}
