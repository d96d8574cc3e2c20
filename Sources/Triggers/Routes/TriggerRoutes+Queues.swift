import Functions
package import GatewayAPI
import GatewayServer
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

extension TriggerRoutes {
    func addQueueRoutes(to router: RouterGroup<BasicRequestContext>) {
        router.get("/v1/queues") { request, _ in
            try await answering {
                try ManagementRoutes.json(QueueList(queues: try await reports(request)))
            }
        }
        router.get("/v1/queues/:name") { request, context in
            try await answering {
                try ManagementRoutes.json(try await report(request, context))
            }
        }
        router.post("/v1/queues/:name/messages") { request, context in
            try await answering { try await send(request, context) }
        }
        router.get("/v1/queues/:name/dead") { request, context in
            try await answering { try await dead(request, context) }
        }
        router.post("/v1/queues/:name/redrive") { request, context in
            try await answering {
                let name = try await ownName(request, context)
                let moved = try await engine.redrive(name)
                return try ManagementRoutes.json(QueueChange(moved: moved))
            }
        }
        router.post("/v1/queues/:name/purge") { request, context in
            try await answering {
                let name = try await ownName(request, context)
                let query = try PurgeQuery(parameters: ManagementRoutes.parameters(request))
                let removed = try await engine.purge(name, dead: query.dead)
                return try ManagementRoutes.json(QueueChange(removed: removed))
            }
        }
        router.delete("/v1/queues/:name") { request, context in
            try await answering {
                try await engine.remove(try await ownName(request, context))
                return Response(status: .noContent)
            }
        }
    }

    private func name(_ context: BasicRequestContext) throws -> QueueName {
        let text = context.parameters.get("name") ?? ""
        guard let name = QueueName(text) else {
            throw Problem(
                .queueInvalid,
                detail: "`\(text)` is not a queue's name: 1 to \(QueueName.lengthMax) of a-z, "
                    + "0-9, `-`, `_` and `.`."
            )
        }
        return name
    }

    /// The name of a queue that the request's key may manage.
    private func ownName(
        _ request: Request,
        _ context: BasicRequestContext
    ) async throws -> String {
        let name = try name(context).description
        guard !authorizer.isOpen else { return name }
        guard let owner = try await engine.owner(of: name), owner.description == account(request)
        else { throw QueueError.notFound(QueueKey(.queue, name)) }
        return name
    }

    /// All queues that have something to tell, for `/metrics`.
    package func samples() async -> [QueueReport] {
        guard let all = try? await engine.status() else { return [] }
        let now = Clock.wallMicros()
        let shown = all.filter { $0.key.kind == .queue || $0.counts.enqueued > 0 || $0.ready > 0 }
        return (shown.map { QueueReport($0, atMicros: now) } + brokers.reports())
            .sorted { ($0.source, $0.name) < ($1.source, $1.name) }
    }

    private func reports(_ request: Request) async throws -> [QueueReport] {
        let all = try await engine.status()
        let now = Clock.wallMicros()
        let shown = all.filter { status in
            status.key.kind == .queue || status.ready + status.delayed + status.inFlight > 0
        }
        let account = account(request)
        let mine = shown.filter { authorizer.isOpen || $0.account.description == account }
        let embedded = mine.map { QueueReport($0, atMicros: now) }
        let broker = brokers.reports().filter { mayUse($0.function, request) }
        return (embedded + broker).sorted { $0.name < $1.name }
    }

    private func report(
        _ request: Request,
        _ context: BasicRequestContext
    ) async throws -> QueueReport {
        let name = try name(context).description
        guard let report = try await reports(request).first(where: { $0.name == name }) else {
            throw QueueError.notFound(QueueKey(.queue, name))
        }
        return report
    }

    private func dead(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let name = try await ownName(request, context)
        let limit = try DeadQuery(parameters: ManagementRoutes.parameters(request)).limit
        let letters = try await engine.deadLetters(of: name, limit: limit + 1)
        return try ManagementRoutes.json(
            DeadLetterList(
                letters: letters.prefix(limit).map { DeadLetter($0) },
                more: letters.count > limit
            )
        )
    }

    private func send(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let name = try name(context)
        if !authorizer.isOpen { _ = try await ownName(request, context) }
        let options = MessageBatch.Options(
            headers: try MessageHeaders.lines(request.headers, withContentType: false),
            contentType: request.headers[.contentType] ?? MediaType.json,
            group: request.headers[field: HeaderName.group],
            delayMillis: try MessageHeaders.delayMillis(request.headers),
            deduplicationID: request.headers[field: HeaderName.deduplicationID]
        )
        let body = try await MessageHeaders.body(of: request, bytesMax: Self.requestBytesMax)
        let orders = try MessageBatch(
            options: options,
            now: Clock.wallMicros(),
            messagesMax: engine.limits.batchMax,
            makeID: engine.makeID
        ).read(body)
        if let large = orders.first(where: { $0.message.body.count > Self.messageBytesMax }) {
            throw Problem(
                .payloadTooLarge,
                detail: "A message has \(large.message.body.count) bytes, of "
                    + "\(Self.messageBytesMax) at most."
            )
        }
        let enqueued = try await engine.enqueue(orders, to: name)
        return try ManagementRoutes.json(
            SendReceipt(
                ids: enqueued.ids.map(\.description),
                duplicates: enqueued.duplicates
            ),
            status: .accepted
        )
    }

    /// Of one message's body.
    private static let messageBytesMax = 6 << 20
    /// Of a request with a batch.
    private static let requestBytesMax = 16 << 20
}

extension QueueReport {
    init(_ status: QueueStatus, atMicros now: Int64) {
        var counts = status.counts
        self.init(
            name: status.key.name,
            function: status.function?.description,
            source: status.key.kind == .queue ? "embedded" : status.key.kind.rawValue,
            ready: status.ready,
            delayed: status.delayed,
            inFlight: status.inFlight,
            dead: status.dead,
            deadQueue: status.deadQueue,
            oldestAgeMillis: status.ready + status.delayed + status.inFlight == 0
                ? nil : status.oldest.map { max(0, now / 1_000 - $0.acceptedAtMillis) },
            enqueued: counts.enqueued,
            completed: counts.completed,
            retried: counts.retried,
            deadLettered: counts.deadLettered,
            perSecond: counts.perSecond(atMicros: now),
            lastError: counts.lastError
        )
    }
}

extension DeadLetter {
    init(_ letter: DeadMessage) {
        let message = letter.message
        let type = MessageHeaders.value(of: "content-type", in: message.headers)
        self.init(
            id: message.id.description,
            queue: letter.origin.name,
            function: letter.function?.description,
            enqueuedAtMicros: message.id.acceptedAtMillis * 1_000,
            diedAtMicros: message.diedAt ?? 0,
            attempts: message.tries,
            reason: Reason(
                code: message.failure?.code ?? "",
                detail: message.failure?.detail ?? ""
            ),
            contentType: type ?? MediaType.json,
            bytes: message.body.count,
            preview: String(decoding: message.body.prefix(Self.previewBytesMax), as: UTF8.self)
        )
    }
}
