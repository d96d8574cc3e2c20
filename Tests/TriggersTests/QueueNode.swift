import Functions
import GatewayServer
import Logging
import NIOConcurrencyHelpers
import Storage
import Testing
import Triggers

/// A queue engine with real databases in a folder, and an invoker that does as the test says.
final class QueueNode: Sendable {
    let folder: QueueFolder
    let ledger: Ledger
    let invoker: ScriptedInvoker
    let engine: QueueEngine
    private let isClosed = NIOLockedValueBox(false)

    init(
        _ folder: QueueFolder? = nil,
        limits: TriggerLimits = TriggerLimits(),
        post: @escaping QueueEngine.CallbackPost = { _, isDone in isDone(true) }
    ) throws {
        let folder = try folder ?? QueueFolder()
        self.folder = folder
        ledger = try Ledger(path: folder("billing.sqlite"))
        invoker = try ScriptedInvoker(ledger)
        engine = try QueueEngine(
            store: try QueueStore(path: folder("queue.sqlite")),
            ledger: ledger,
            invoker: invoker,
            post: post,
            limits: limits,
            logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() }),
            makeID: { InvocationID(acceptedAtMicros: $0, random: .random(in: 0 ... .max)) }
        )
    }

    deinit { close() }

    func close() {
        guard
            !isClosed.withLockedValue({ was in
                defer { was = true }
                return was
            })
        else { return }
        engine.close()
    }

    /// Another gateway over the same folder, after this one was closed.
    func restarted(limits: TriggerLimits = TriggerLimits()) throws -> QueueNode {
        close()
        return try QueueNode(folder, limits: limits)
    }

    /// Another gateway over what a crash now would leave.
    func crashed(limits: TriggerLimits = TriggerLimits()) throws -> QueueNode {
        try QueueNode(folder.crashed(), limits: limits)
    }
}

extension QueueNode {
    func bind(
        _ name: String = "echo",
        _ triggers: Manifest.Triggers = Manifest.Triggers(),
        isRestored: Bool = false
    ) async throws {
        var manifest = Manifest(name: name, triggers: triggers)
        manifest.scale.max = 4
        manifest.scale.concurrency = 1
        let revision = Revision(
            function: try #require(FunctionName(name)),
            number: 1,
            digest: String(repeating: "0", count: 64),
            manifest: manifest,
            account: .local,
            deployedAtMicros: 0
        )
        try await engine.bind(revision, isRestored: isRestored)
    }

    /// Binds `echo` to the queue `in`.
    func bindQueue(
        capacity: Int = 4,
        attempts: Int = 3,
        backoff: Backoff = Backoff(firstMillis: 2, lastMillis: 4)
    ) async throws {
        var triggers = Manifest.Triggers()
        var trigger = QueueTrigger(
            source: .embedded(try queueName("in")),
            dead: try queueName("in-dead")
        )
        trigger.concurrency = capacity
        trigger.attempts = attempts
        trigger.backoff = backoff
        triggers.queues = [trigger]
        try await bind("echo", triggers)
    }

    func order(
        _ text: String = "1",
        group: String? = nil,
        key: String? = nil,
        delayMillis: Int64? = nil
    ) -> MessageOrder {
        let now = Clock.wallMicros()
        return MessageOrder(
            NewMessage(
                id: InvocationID(acceptedAtMicros: now, random: .random(in: 0 ... .max)),
                dueAt: delayMillis.map { now + $0 * 1_000 },
                groupKey: group,
                headers: Array("content-type: application/json".utf8),
                body: Array(text.utf8)
            ),
            deduplicationID: key
        )
    }

    @discardableResult
    func send(_ orders: [MessageOrder], to name: String = "in") async throws -> [InvocationID] {
        try await engine.enqueue(orders, to: try queueName(name)).ids
    }

    @discardableResult
    func send(_ texts: String..., group: String? = nil) async throws -> [InvocationID] {
        try await send(texts.map { order($0, group: group) })
    }

    /// Keeps an asynchronous invocation of `echo`.
    func call(_ text: String = "1", callback: String? = nil) async throws -> InvocationID {
        var message = order(text).message
        message.callback = callback
        try await engine.enqueue(message, of: try #require(FunctionName("echo")))
        return message.id
    }

    /// Returns once the engine has begun all that it can.
    func settle() async throws {
        for _ in 0..<3 { _ = try await engine.status() }
    }

    func status(_ name: String = "in", _ kind: QueueKind = .queue) async throws -> QueueStatus {
        try #require(try await engine.status().first { $0.key == QueueKey(kind, name) })
    }

    func end(_ id: InvocationID) async throws { try await engine.wait(for: id, millis: 20_000) }

    func result(_ id: InvocationID) async throws -> StoredResult? {
        try await engine.store.result(of: id, atMicros: Clock.wallMicros())
    }

    /// What became of a message, in one word.
    func fate(_ id: InvocationID) async throws -> String {
        switch try await engine.find(id) {
        case .waiting: "waiting"
        case .running: "running"
        case .retrying: "retrying"
        case .dead: "dead"
        case .none: "none"
        }
    }
}

func queueName(_ text: String) throws -> QueueName { try #require(QueueName(text)) }

extension Invocation {
    var text: String { String(decoding: body, as: UTF8.self) }
}
