import Billing
import Functions
import GatewayServer
import Glibc
import HTTPTypes
import HummingbirdCore
import Instances
import Logging
import NIOCore
import NIOEmbedded
import Pooling
import Storage
import Synchronization
import Testing

/// The gateway's invocation path on real parts, from the HTTP decoder to the ledger's file; only
/// the instances are scripted.
final class Edge: Sendable {
    let folder: String
    let ledger: Ledger
    let dispatcher: Dispatcher
    /// Those whose clock the test turns; none on real sockets.
    let loops: [NIOAsyncTestingEventLoop]
    private let authorizer: Authorizer
    private let channels = Mutex<[NIOAsyncTestingChannel]>([])

    convenience init(
        loopCount: Int = 1,
        _ configuration: GatewayConfiguration = GatewayConfiguration()
    ) throws {
        try self.init((0..<loopCount).map { _ in NIOAsyncTestingEventLoop() }, configuration)
    }

    init(
        _ eventLoops: [any EventLoop],
        _ configuration: GatewayConfiguration
    ) throws {
        var template = Array("/tmp/edge-tests-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        ledger = try Ledger(path: "\(folder)/billing.sqlite")
        loops = eventLoops.compactMap { $0 as? NIOAsyncTestingEventLoop }
        authorizer = Authorizer(keys: configuration.keys)
        dispatcher = try Dispatcher(
            configuration: configuration,
            ledger: ledger,
            logs: FunctionLogs(folder: "\(folder)/logs"),
            loops: eventLoops,
            logger: Logger(label: "edge")
        )
    }

    /// Puts a function behind the gateway.
    @discardableResult
    func deploy(
        _ name: String = "echo",
        streamsInput: Bool = false,
        reply: (@Sendable (ScriptedInvocation) -> Void)? = nil,
        _ configure: (inout Manifest) -> Void = { _ in }
    ) throws -> ScriptedHost {
        let (route, host) = try makeRoute(name, streamsInput: streamsInput, reply: reply, configure)
        dispatcher.setSplit(TrafficSplit(route), for: route.revision.function)
        return host
    }

    /// A revision that takes no traffic yet.
    func makeRoute(
        _ name: String = "echo",
        number: Int = 1,
        streamsInput: Bool = false,
        reply: (@Sendable (ScriptedInvocation) -> Void)? = nil,
        _ configure: (inout Manifest) -> Void = { _ in }
    ) throws -> (Route, ScriptedHost) {
        var manifest = Manifest(name: name)
        manifest.scale.max = 1
        manifest.scale.concurrency = 16
        configure(&manifest)
        let revision = Revision(
            function: try #require(FunctionName(name)),
            number: number,
            digest: String(repeating: "0", count: 64),
            manifest: manifest,
            account: .local,
            deployedAtMicros: 0
        )
        let host = ScriptedHost(reply: reply)
        let pool = Pool(revision: revision, forks: true, host: host, clock: Clock.monotonicNanos)
        let route = Route(
            revision: revision,
            pool: pool,
            streamsInput: streamsInput,
            metrics: RouteMetrics()
        )
        return (route, host)
    }

    /// As above, with its invocations left to the test.
    func deployHeld(
        streamsInput: Bool = false,
        _ configure: (inout Manifest) -> Void
    ) throws -> ScriptedHost {
        try deploy(streamsInput: streamsInput, reply: nil, configure)
    }

    /// A client's connection; its requests for other routes are answered by `passed`.
    func connect(
        loop index: Int = 0,
        passed: @escaping HTTPChannelHandler.Responder = Edge.answerPassed
    ) async throws -> ClientConnection {
        let setup = setup(passed: passed)
        let connection = try await ClientConnection(loop: loops[index], setup: setup)
        channels.withLock { $0.append(connection.channel) }
        return connection
    }

    /// What is put on each connection.
    func setup(
        passed: @escaping HTTPChannelHandler.Responder = Edge.answerPassed
    ) -> InvocationChannel {
        InvocationChannel(
            dispatcher: dispatcher,
            authorizer: authorizer,
            refuses: { _ in false },
            responder: passed
        )
    }

    /// All usage records, oldest first.
    func records() async throws -> [UsageRecord] {
        try await ledger.records(LedgerQuery()).records
    }

    func stop() async throws {
        for channel in channels.withLock({ $0 }) { try? await channel.close() }
        dispatcher.close()
        dispatcher.logs.close()
        try ledger.close()
        for loop in loops { await loop.shutdownGracefully() }
        for name in ["billing.sqlite", "billing.sqlite-wal", "billing.sqlite-shm"] {
            unlink("\(folder)/\(name)")
        }
        for name in ["echo", "other"] { unlink("\(folder)/logs/\(name).ndjson") }
        rmdir("\(folder)/logs")
        rmdir(folder)
    }

    /// What the routes behind say: the request's target and how long its body was.
    static let answerPassed: HTTPChannelHandler.Responder = { request, writer, _ in
        var byteCount = 0
        for try await piece in request.body { byteCount += piece.readableBytes }
        let text = "passed \(request.head.path ?? "") \(byteCount)"
        var response = HTTPResponse(status: .ok)
        response.headerFields[.contentLength] = "\(text.utf8.count)"
        try await writer.write(
            response: response,
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

func withEdge(
    loopCount: Int = 1,
    _ configuration: GatewayConfiguration = GatewayConfiguration(),
    _ body: (Edge) async throws -> Void
) async throws {
    let edge = try Edge(loopCount: loopCount, configuration)
    do { try await body(edge) } catch {
        try await edge.stop()
        throw error
    }
    try await edge.stop()
}

extension Edge {
    /// Returns when the loops have done what they were given.
    func settle() async throws {
        for loop in loops { await loop.run() }
    }
}

/// Returns when the pool has no instance left, while timers go on: nobody is told of that.
func poolIsEmpty(_ edge: Edge) async {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if edge.dispatcher.route("echo")?.pool.snapshot.instances == 0 { return }
        for loop in edge.loops { await loop.advanceTime(by: .milliseconds(10)) }
    }
    Issue.record("the pool still has instances")
}

/// The outcomes on the bill, once there are as many as that: nobody is told of a record whose
/// client has gone.
func recordedOutcomes(_ edge: Edge, count: Int) async -> [Outcome] {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        for loop in edge.loops { await loop.advanceTime(by: .milliseconds(10)) }
        if let records = try? await edge.records(), records.count >= count {
            return records.map(\.outcome)
        }
    }
    return (try? await edge.records())?.map(\.outcome) ?? []
}

extension GatewayConfiguration {
    /// The defaults, but for one.
    static func having<Value>(
        _ key: WritableKeyPath<GatewayConfiguration, Value>,
        _ value: Value
    ) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration[keyPath: key] = value
        return configuration
    }
}
