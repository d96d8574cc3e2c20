package import Functions
package import GatewayAPI
import GitDeploys
import HTTPTypes
package import Hummingbird
package import Logging
import NIOConcurrencyHelpers
import NIOCore
package import NIOPosix

/// Repositories: their management, and git's own protocol over HTTP.
package struct GitRoutes: Sendable {
    /// What of a repository's branches is served, by the repository's name and whose pushes they
    /// were; nil for anybody's.
    package typealias Branches =
        @Sendable (String, Account?) async throws -> [RepositoryReport.Branch]
    /// Forgets what ``Branches`` says.
    package typealias Forget = @Sendable (String, Account?) async throws -> Void

    let store: RepositoryStore
    let access: GitAccess
    let group: any EventLoopGroup
    let threads: NIOThreadPool
    /// Wait for git's processes, which take as long as their clients do.
    let processThreads: NIOThreadPool
    let logger: Logger
    let branches: Branches
    let forget: Forget
    /// Where this gateway is reached from its own host; nil before it serves.
    let url = NIOLockedValueBox<String?>(nil)
    let running = NIOLockedValueBox(0)
    let synchronizing = NIOLockedValueBox<Set<FunctionName>>([])

    /// `threads` run what blocks for a moment; `processThreads` are for git's processes alone, at
    /// most `GitServerLimits.processesMax` at once.
    package init(
        host: GitHost,
        access: GitAccess,
        group: any EventLoopGroup,
        threads: NIOThreadPool,
        processThreads: NIOThreadPool,
        logger: Logger,
        branches: @escaping Branches,
        forget: @escaping Forget
    ) {
        store = RepositoryStore(host: host)
        self.access = access
        self.group = group
        self.threads = threads
        self.processThreads = processThreads
        self.logger = logger
        self.branches = branches
        self.forget = forget
    }

    /// Puts the management of repositories behind the check of keys.
    package func add(to router: RouterGroup<BasicRequestContext>) {
        router.get("/v1/repositories") { request, _ in
            try Self.json(RepositoryList(repositories: try await reports(request)))
        }
        router.get("/v1/repositories/:name") { request, context in
            try Self.json(try await report(try await owned(request, context)))
        }
        router.put("/v1/repositories/:name") { request, context in
            try await make(request, context)
        }
        router.delete("/v1/repositories/:name") { request, context in
            let owned = try await owned(request, context)
            // Its functions serve on: a repository made anew by its name is not to answer for them.
            try await forget(owned.name.description, pusher(owned.account))
            try await threads.runIfActive { try store.remove(owned.name) }
            return Response(status: .noContent)
        }
    }

    /// Adds git's protocol, which has a check of keys of its own.
    package func addTransport(to router: Router<BasicRequestContext>) {
        router.get("/git/:repository/info/refs") { request, context in
            await transport(request, context, nil)
        }
        for service in BackendRequest.Service.allCases {
            router.post("/git/:repository/\(service.rawValue)") { request, context in
                await transport(request, context, service)
            }
        }
    }

    private func reports(_ request: Request) async throws -> [RepositoryReport] {
        let account = account(request)
        let all = try await threads.runIfActive {
            try store.names().compactMap { try store.find($0) }
        }
        var reports: [RepositoryReport] = []
        for owned in all where access.isOpen || owned.account == account {
            reports.append(try await report(owned))
        }
        return reports
    }

    private func make(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let (name, account) = (try name(context), account(request))
        guard let url = url.withLockedValue({ $0 }) else {
            throw Problem(.notReady, detail: "The gateway does not serve yet.")
        }
        if try await blocking({ try store.find(name) }) == nil {
            // A push that outlived the one before, or who deleted its folder, left something.
            try await forget(name.description, pusher(account))
        }
        let isNew = try await blocking { try store.make(name, account: account, url: url) }
        guard let owned = try await blocking({ try store.find(name) }),
            access.isOpen || owned.account == account
        else {
            throw Problem(.forbidden, detail: "The repository \(name) is another account's.")
        }
        return try Self.json(try await report(owned), status: isNew ? .created : .ok)
    }

    private func report(_ owned: RepositoryStore.Owned) async throws -> RepositoryReport {
        let tips = try await blocking { Set(try owned.repository.branches().map(\.name)) }
        return RepositoryReport(
            name: owned.name.description,
            account: owned.account.description,
            path: store.path(owned.name),
            remotePath: "/git/\(owned.name).git",
            branches: try await branches(owned.name.description, pusher(owned.account))
                .filter { !$0.commit.isEmpty && tips.contains($0.name) }
                .sorted { $0.name < $1.name }
        )
    }

    /// The repository that a request names, if it is its account's.
    private func owned(
        _ request: Request,
        _ context: BasicRequestContext
    ) async throws -> RepositoryStore.Owned {
        let name = try name(context)
        guard let owned = try await blocking({ try store.find(name) }),
            access.isOpen || owned.account == account(request)
        else { throw Self.notFound(name.description) }
        return owned
    }

    /// Whose pushes a repository of `account` is served by; nil for anybody's, as without keys.
    func pusher(_ account: Account) -> Account? { access.isOpen ? nil : account }

    private func account(_ request: Request) -> Account {
        let prefix = "bearer "
        guard let value = request.headers[.authorization], value.lowercased().hasPrefix(prefix)
        else { return .local }
        return access.account(String(value.dropFirst(prefix.count))) ?? .local
    }

    private func name(_ context: BasicRequestContext) throws -> FunctionName {
        let text = context.parameters.get("name") ?? ""
        guard let name = FunctionName(text) else {
            throw Problem(
                .nameInvalid,
                detail: "`\(text)` is no repository's name: 1 to 63 of a-z, 0-9 and -."
            )
        }
        return name
    }

    static func notFound(_ name: String) -> Problem {
        Problem(
            .repositoryNotFound,
            detail: "There is no repository \(name): `faas git init \(name)` makes it."
        )
    }

    /// Runs what blocks, and says in a problem what git said.
    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        do { return try await threads.runIfActive(work) } catch let error as GitDeployError {
            logger.warning("git failed", metadata: ["error": "\(error.message) \(error.details)"])
            throw Problem(.gitFailed, detail: error.message)
        }
    }

    private static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: MediaType.json],
            body: .init(byteBuffer: ByteBuffer(bytes: try JSONCoding.encode(value)))
        )
    }
}
