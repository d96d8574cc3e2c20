import Functions
import Logging
import NIOPosix
import Storage
import Testing
import Triggers

@Suite(.timeLimit(.minutes(1))) struct BrokerConsumerTests {
    /// A node whose function `reader` takes messages of a broker.
    private struct Reader {
        let node: QueueNode
        let broker = ScriptedBroker()
        private let brokers: BrokerHost
        private let host: TriggerHost

        init(_ node: QueueNode) {
            self.node = node
            let broker = broker
            brokers = BrokerHost(
                engine: node.engine,
                invoker: node.invoker,
                logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() }),
                drivers: { _ in broker }
            )
            host = TriggerHost(engine: node.engine, brokers: brokers, threads: .singleton)
        }

        func bind(capacity: Int = 4, attempts: Int = 1) async throws {
            var trigger = QueueTrigger(
                source: .broker(BrokerSource(kind: .redis, url: "redis://h", options: [:])),
                dead: try queueName("dead")
            )
            trigger.concurrency = capacity
            trigger.attempts = attempts
            trigger.backoff = Backoff(firstMillis: 2, lastMillis: 4)
            var triggers = Manifest.Triggers()
            triggers.queues = [trigger]
            let revision = Revision(
                function: try #require(FunctionName("reader")),
                number: 1,
                digest: String(repeating: "0", count: 64),
                manifest: Manifest(name: "reader", triggers: triggers),
                account: .local,
                deployedAtMicros: 0
            )
            try await host.bind(revision, isRestored: false)
        }

        func deadLetters() async throws -> [DeadMessage] {
            try await node.engine.deadLetters(of: "dead", limit: 10)
        }

        func close() {
            brokers.drain()
            brokers.close()
        }
    }

    @Test func `what a replaced consumer has in flight is not begun by the next one`() async throws
    {
        let reader = Reader(try QueueNode())
        try await reader.bind(capacity: 2)
        reader.broker.deliver("first", of: "m", again: false, to: 0)
        let begun = try await reader.node.invoker.next()
        try await reader.bind(capacity: 3)
        reader.broker.deliver("second", of: "m", again: true, to: 1)

        let turnedAway = try await reader.broker.next()
        #expect((turnedAway.connection, turnedAway.settlement.token) == (1, "second"))
        #expect(turnedAway.settlement.verdict != .acknowledged)
        reader.node.invoker.end(begun, .done)
        let settled = try await reader.broker.next()
        #expect((settled.connection, settled.settlement.token) == (0, "first"))
        #expect(settled.settlement.verdict == .acknowledged)

        // Once it has ended, whoever gets it knows what came of it.
        reader.broker.deliver("third", of: "m", again: true, to: 1)
        #expect(try await reader.broker.next().settlement.verdict == .acknowledged)
        #expect(reader.node.invoker.begun.count == 1)
        reader.close()
    }

    @Test func `why the last attempt failed is kept before its record is`() async throws {
        let reader = Reader(try QueueNode())
        try await reader.bind(attempts: 2)
        reader.broker.deliver("first", of: "m", again: false, to: 0)
        reader.node.invoker.end(try await reader.node.invoker.next(), .failed)
        #expect(try await reader.broker.next().settlement.verdict != .acknowledged)
        reader.broker.deliver("second", of: "m", again: true, to: 0)
        let last = try await reader.node.invoker.next()
        #expect(last.attempt == 2)

        await reader.node.invoker.prepared(last, .failed, withRecord: false)

        let letter = try #require(try await reader.deadLetters().first)
        #expect(letter.message.id == last.id)
        #expect(letter.message.attempt == 2)
        #expect(letter.message.failure?.code == "handlerRaised")
        reader.node.invoker.write(last, .failed)
        reader.node.invoker.tell(last, .failed)
        #expect(try await reader.broker.next().settlement.verdict == .acknowledged)
        #expect(try await reader.deadLetters().count == 1)
        reader.close()
    }

    @Test(arguments: [ScriptedInvoker.End.failed, .hopeless])
    func `a dead letter that comes again is acknowledged`(_ end: ScriptedInvoker.End) async throws {
        let before = Reader(try QueueNode())
        try await before.bind(attempts: 1)
        before.broker.deliver("first", of: "m", again: false, to: 0)
        let last = try await before.node.invoker.next()
        await before.node.invoker.prepared(last, end)

        // Killed after the record, before the broker heard of it.
        let after = Reader(try before.node.crashed())
        try await after.bind(attempts: 1)
        after.broker.deliver("second", of: "m", again: true, to: 0)

        #expect(try await after.broker.next().settlement.verdict == .acknowledged)
        #expect(after.node.invoker.begun.isEmpty)
        #expect(try await after.deadLetters().map(\.message.id) == [last.id])
        before.node.invoker.tell(last, end)
        before.close()
        after.close()
    }

    @Test func `an attempt without a record is made again and may end otherwise`() async throws {
        let before = Reader(try QueueNode())
        try await before.bind(attempts: 1)
        before.broker.deliver("first", of: "m", again: false, to: 0)
        let last = try await before.node.invoker.next()
        await before.node.invoker.prepared(last, .failed, withRecord: false)

        // Killed between the dead letter and the record.
        let after = Reader(try before.node.crashed())
        try await after.bind(attempts: 1)
        after.broker.deliver("second", of: "m", again: true, to: 0)
        let again = try await after.node.invoker.next()

        #expect((again.id, again.attempt) == (last.id, 1))
        #expect(try await after.deadLetters().isEmpty)
        after.node.invoker.end(again, .done)
        #expect(try await after.broker.next().settlement.verdict == .acknowledged)
        #expect(try await after.deadLetters().isEmpty)
        before.node.invoker.tell(last, .failed)
        before.close()
        after.close()
    }
}
