import Functions
import GatewayAPI
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Storage

extension ManagementRoutes {
    func addFunctionRoutes(to router: RouterGroup<BasicRequestContext>) {
        router.get("/v1/functions") { request, _ in try Self.json(list(request)) }
        router.get("/v1/functions/:name") { request, context in
            let route = try route(request, context)
            return try Self.json(try await describe(route))
        }
        router.put("/v1/functions/:name") { request, context in
            try await deploy(request, context)
        }
        router.delete("/v1/functions/:name") { request, context in
            let route = try route(request, context)
            _ = try await deployer.remove(route.revision.function)
            return Response(status: .noContent)
        }
        addRevisionRoutes(to: router)
        router.get("/v1/functions/:name/logs") { request, context in
            try await logs(request, context)
        }
    }

    private func list(_ request: Request) -> FunctionList {
        let summaries = dispatcher.allSplits.compactMap { split -> FunctionSummary? in
            let revision = split.primary.revision
            guard owns(revision.account, request),
                var summary = deployer.description(of: revision.function, report: nil)?.summary
            else { return nil }
            if let last = split.routes.first {
                summary.digest = last.revision.digest
                summary.origin = last.origin
            }
            return summary
        }
        return FunctionList(functions: summaries.sorted { $0.name < $1.name })
    }

    private func describe(_ route: Route) async throws -> FunctionDescription {
        let name = route.revision.function
        let report = try await deployer.registry.function(name)?.current.report
        guard let description = deployer.description(of: name, report: report) else {
            throw Problem(.functionNotFound, detail: "There is no function \(name).")
        }
        return description
    }

    /// Takes the bundle in, then streams what happens.
    private func deploy(_ request: Request, _ context: BasicRequestContext) async throws -> Response
    {
        let name = try name(context)
        if let route = dispatcher.route(name.description), !owns(route.revision.account, request) {
            throw Problem(.forbidden, detail: "The function \(name) belongs to another account.")
        }
        let parameters = Self.parameters(request)
        let push = parameters["push"]
        try deployer.expect(name, push: push, account: account(request))
        let archive = try await receive(request, for: push)
        let (events, pump) = AsyncStream.makeStream(of: DeployEvent.self)
        let listener = try await deployer.deploy(
            name,
            archive: archive,
            account: account(request),
            origin: Origin(parameters: parameters),
            push: push
        ) { event in
            pump.yield(event)
            if event.step.isLast { pump.finish() }
        }
        return Response(
            status: .ok,
            // What watches for the client's going away leaves nothing to read for a next request.
            headers: [.contentType: MediaType.lines, .connection: "close"],
            body: .init { writer in
                func tell() async throws {
                    for await event in events {
                        let line = try JSONCoding.encodeLine(event)
                        try await writer.write(ByteBuffer(bytes: line))
                    }
                    // While it is still watched for: when the gateway drains, that ends by failing.
                    try await writer.finish(nil)
                    listener.left()
                }
                if Self.length(of: request) == nil {
                    try await tell()
                } else {
                    // Nothing may be said for minutes: who has gone must be seen without.
                    try await request.body.consumeWithInboundCloseHandler { _ in
                        try await tell()
                    } onInboundClosed: {
                        listener.left()
                    }
                }
            }
        )
    }

    /// Nil for a body in chunks.
    private static func length(of request: Request) -> Int? {
        request.headers[.contentLength].flatMap { Int($0) }
    }

    /// Writes the body to a file, which the deploy removes; the push is kept meanwhile.
    private func receive(_ request: Request, for push: String?) async throws -> String {
        let account = account(request)
        let limit = dispatcher.configuration.bundleBytesMax
        let id = dispatcher.makeID(acceptedAtMicros: Clock.wallMicros())
        let path = "\(deployer.setting.incomingFolder)/\(id).tar"
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Problem(.internal, detail: "The bundle cannot be stored.") }
        defer { close(file) }
        do {
            let length = Self.length(of: request)
            var pieces = request.body.makeAsyncIterator()
            var bytes = 0
            // The mark of its end is left to who watches for the client's going away, who needs it.
            while bytes != length, let buffer = try await pieces.next() {
                bytes += buffer.readableBytes
                guard bytes <= limit else {
                    throw Problem(
                        .payloadTooLarge,
                        detail: "A bundle has \(limit) bytes at most."
                    )
                }
                try await threads.runIfActive { try Self.write(buffer, to: file) }
                if let push { try deployer.pushes.touch(push, account: account) }
            }
            return path
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func write(_ buffer: ByteBuffer, to file: CInt) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(
                    file,
                    bytes.baseAddress.map { $0 + written },
                    bytes.count - written
                )
                guard count > 0 else {
                    throw Problem(
                        .internal,
                        detail: "The bundle cannot be stored: \(String(cString: strerror(errno)))."
                    )
                }
                written += count
            }
        }
    }

    private func logs(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let name = try route(request, context).revision.function
        let query = try LogQuery(parameters: Self.parameters(request))
        let logs = dispatcher.logs
        let feed = try await threads.runIfActive { logs.read(function: name, query) }
        return Response(
            status: .ok,
            headers: [.contentType: MediaType.lines],
            body: .init { writer in
                for line in feed.lines {
                    try await writer.write(ByteBuffer(bytes: try JSONCoding.encodeLine(line)))
                }
                if let more = feed.more {
                    // A function may print nothing for days: that the client left must be seen
                    // without.
                    try await request.body.consumeWithCancellationOnInboundClose { _ in
                        for await line in more {
                            let bytes = try JSONCoding.encodeLine(line)
                            try await writer.write(ByteBuffer(bytes: bytes))
                        }
                    }
                }
                try await writer.finish(nil)
            }
        )
    }
}
