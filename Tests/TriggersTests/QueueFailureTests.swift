import Functions
import GRDB
import Storage
import Testing
import Triggers

/// Another program holds the lock for writing: no transaction of the engine can begin.
@Suite(.timeLimit(.minutes(1))) struct QueueFailureTests {
    private struct ForeignLock {
        private let queue: DatabaseQueue

        init(_ node: QueueNode) throws {
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(
                path: node.folder("queue.sqlite"),
                configuration: configuration
            )
            try queue.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
        }

        func release() throws { try queue.inDatabase { try $0.execute(sql: "COMMIT") } }
    }

    /// Transactions that make a delayed message ready cannot be committed.
    private struct Blight {
        private let queue: DatabaseQueue

        init(_ node: QueueNode) throws {
            queue = try DatabaseQueue(path: node.folder("queue.sqlite"))
            try queue.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE blight (
                            number INTEGER REFERENCES queue (number) DEFERRABLE INITIALLY DEFERRED
                        );
                        CREATE TRIGGER blight AFTER UPDATE OF dueAt ON message
                        BEGIN INSERT INTO blight VALUES (-1); END
                        """
                )
            }
        }

        func lift() throws { try queue.write { try $0.execute(sql: "DROP TRIGGER blight") } }
    }

    @Test func `a delayed message is not forgotten by a turn that failed`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let blight = try Blight(node)
        // On a busy machine it may be due in the very turn that takes it, which refuses it.
        var delayMillis: Int64 = 1
        while (try? await node.send([node.order("late", delayMillis: delayMillis)])) == nil {
            delayMillis *= 2
        }
        // What is sent in the turn that cannot be committed is refused.
        while (try? await node.send("soon")) != nil {
            node.invoker.end(try await node.invoker.next(), .done)
        }
        try blight.lift()
        var begun = try await node.invoker.next()
        while begun.text != "late" { begun = try await node.invoker.next() }
    }

    @Test func `what is sent while the file cannot be written is refused`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let lock = try ForeignLock(node)
        do {
            try await node.send("1")
            Issue.record("it was taken")
        } catch QueueError.storage(let error) {
            #expect(error.code == .busy)
        }
        try lock.release()
        try await node.send("2")
        #expect(try await node.invoker.next().text == "2")
        #expect(try await node.status().counts.enqueued == 1)
    }

    @Test func `what is kept can be looked at while the file cannot be written`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let ids = try await node.send("1")
        let invocation = try await node.invoker.next()
        let lock = try ForeignLock(node)
        // It is tried again and again, with whatever else is asked.
        node.invoker.end(invocation, .done)

        for _ in 0..<20 {
            #expect(try await node.status().inFlight == 1)
            #expect(try await node.fate(ids[0]) != "none")
        }

        try lock.release()
        while try await node.fate(ids[0]) != "none" {}
    }

    @Test func `what follows a done message begins before that can be written, and no more`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 1)
        let ids = try await node.send("1", "2", "3")
        let first = try await node.invoker.next()
        let lock = try ForeignLock(node)
        node.invoker.end(first, .done)
        let second = try await node.invoker.next()
        #expect(second.text == "2")

        node.invoker.end(second, .done)
        for _ in 0..<20 { #expect(try await node.fate(ids[2]) == "waiting") }

        try lock.release()
        #expect(try await node.invoker.next().text == "3")
        #expect(try await node.status().counts.completed == 2)
    }

    @Test func `ends that cannot be written are kept until they can`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 1)
        try await node.bind("other")
        let ids = try await node.send("1", "2")
        let first = try await node.invoker.next()
        let second = try await node.invoker.next()
        let lock = try ForeignLock(node)
        node.invoker.end(first, .done)
        node.invoker.end(second, .failed)
        await #expect(throws: QueueError.self) { try await node.send("3") }
        try lock.release()
        while try await node.fate(ids[1]) != "dead" {}
        #expect(try await node.fate(ids[0]) == "none")
        let status = try await node.status()
        #expect(status.counts.completed == 1)
        #expect(status.counts.deadLettered == 1)
        #expect(status.inFlight == 0)
    }

    @Test func `callbacks go on once the file can be written again`() async throws {
        let posts = AsyncStream.makeStream(of: (@Sendable (Bool) -> Void).self)
        var posted = posts.stream.makeAsyncIterator()
        let node = try QueueNode { _, isDone in posts.continuation.yield(isDone) }
        try await node.bind()
        // As many as are posted at once.
        for _ in 0..<16 {
            _ = try await node.call(callback: "http://127.0.0.1:1/")
            node.invoker.end(try await node.invoker.next(), .done)
        }
        var isDone: [@Sendable (Bool) -> Void] = []
        while isDone.count < 16, let next = await posted.next() { isDone.append(next) }
        let lock = try ForeignLock(node)
        for each in isDone { each(true) }
        await #expect(throws: QueueError.self) { _ = try await node.call() }
        try lock.release()

        _ = try await node.call(callback: "http://127.0.0.1:1/")
        node.invoker.end(try await node.invoker.next(), .done)
        #expect(await posted.next() != nil)
    }

    @Test func `an answer is not recorded before it is kept`() async throws {
        let node = try QueueNode()
        try await node.bind()
        let id = try await node.call()
        let invocation = try await node.invoker.next()
        let lock = try ForeignLock(node)
        node.invoker.end(invocation, .done)
        await #expect(throws: QueueError.self) { _ = try await node.call() }
        #expect(try await node.ledger.records(of: id).isEmpty)
        try lock.release()
        while try await node.fate(id) != "none" {}
        #expect(try await node.result(id) != nil)
        #expect(try await node.ledger.records(of: id).count == 1)
    }

    @Test func `a queue that was made in a turn that failed is there with the next one`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue()
        let order = node.order()
        try await node.send([order])
        // The queue of `echo` is made, and then the id is not unique.
        await #expect(throws: QueueError.self) {
            try await node.engine.enqueue(order.message, of: try #require(FunctionName("echo")))
        }
        let id = try await node.call()
        _ = try await node.invoker.next()
        let next = try node.crashed()
        #expect(try await next.fate(id) == "waiting")
        try await next.bindQueue()
        let begun = [try await next.invoker.next().id, try await next.invoker.next().id]
        #expect(Set(begun) == [order.message.id, id])
    }
}
