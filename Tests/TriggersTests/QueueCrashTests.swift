import Functions
import Storage
import TestSupport
import Testing
import Triggers

/// A crash is a copy of the databases while the gateway runs, opened by another one.
@Suite(.timeLimit(.minutes(1))) struct QueueCrashTests {
    @Test func `a message whose completed record is there is not begun again`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 4)
        let ids = try await node.send("1", "2", "3")
        let flying = [
            try await node.invoker.next(), try await node.invoker.next(),
            try await node.invoker.next(),
        ]
        node.invoker.write(flying[0], .completed)
        node.invoker.write(flying[1], .failed)

        let next = try node.crashed()
        try await next.bindQueue(capacity: 4)
        try await next.end(ids[0])
        #expect(try await next.fate(ids[0]) == "none")
        let begun = [try await next.invoker.next(), try await next.invoker.next()]
        let attempts = Dictionary(uniqueKeysWithValues: begun.map { ($0.id, $0.attempt) })
        #expect(attempts == [ids[1]: 2, ids[2]: 1])
        try await next.settle()
        #expect(next.invoker.begun.count == 2)
        #expect(try await next.status().counts.completed == 1)
    }

    @Test func `attempts are counted over a crash`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 2)
        let id = try await node.send("1")[0]
        node.invoker.end(try await node.invoker.next(), .failed)
        node.invoker.write(try await node.invoker.next(), .failed)

        let next = try node.crashed()
        try await next.bindQueue(attempts: 2)
        try await next.end(id)
        #expect(next.invoker.begun.isEmpty)
        let letter = try #require(try await next.engine.deadLetters(of: "in", limit: 1).first)
        #expect(letter.message.failure?.code == "internal")
        #expect(letter.message.attempt == 2)
        #expect(letter.message.tries == 2)
    }

    @Test func `the reason of a last attempt that failed survives`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 2)
        let id = try await node.send("1")[0]
        node.invoker.end(try await node.invoker.next(), .failed("handlerRaised"))
        let last = try await node.invoker.next()
        await node.invoker.prepared(last, .failed("timeout"))

        let next = try node.crashed()
        try await next.bindQueue(attempts: 2)
        try await next.end(id)
        #expect(next.invoker.begun.isEmpty)
        let letter = try #require(try await next.engine.deadLetters(of: "in", limit: 1).first)
        #expect(letter.message.failure?.code == "timeout")
        #expect(letter.message.attempt == 2)
        #expect(letter.message.tries == 2)
    }

    @Test func `a hopeless end that was prepared is a dead letter once it has its record`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 5)
        let ids = try await node.send("1", "2")
        let first = try await node.invoker.next()
        let second = try await node.invoker.next()
        await node.invoker.prepared(first, .hopeless)
        await node.invoker.prepared(second, .hopeless, withRecord: false)

        let next = try node.crashed()
        try await next.bindQueue(attempts: 5)
        try await next.end(ids[0])
        let letter = try #require(try await next.engine.deadLetters(of: "in", limit: 1).first)
        #expect(letter.message.id == ids[0])
        #expect(letter.message.failure?.code == "inputInvalid")
        // The other one's attempt does not count: it is made again.
        let again = try await next.invoker.next()
        #expect(again.id == ids[1])
        #expect(again.attempt == 1)
        next.invoker.end(again, .done)
        try await next.end(ids[1])
        #expect(try await next.fate(ids[1]) == "none")
    }

    @Test func `what was prepared says nothing of the attempt that is made again`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let id = try await node.send("1")[0]
        await node.invoker.prepared(try await node.invoker.next(), .hopeless, withRecord: false)

        let next = try node.crashed()
        try await next.bindQueue()
        next.invoker.write(try await next.invoker.next(), .completed)

        let last = try next.crashed()
        try await last.bindQueue()
        try await last.end(id)
        #expect(try await last.fate(id) == "none")
        #expect(try await last.status().counts.completed == 1)
        #expect(last.invoker.begun.isEmpty)
    }

    @Test func `what was prepared says nothing once its record was refused`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let id = try await node.send("1")[0]
        let refused = try await node.invoker.next()
        await node.invoker.prepared(refused, .hopeless, withRecord: false)
        node.invoker.tell(refused, .notAttempted)
        let again = try await node.invoker.next()
        #expect(again.attempt == 1)
        node.invoker.write(again, .completed)

        let next = try node.crashed()
        try await next.bindQueue()
        try await next.end(id)
        #expect(try await next.fate(id) == "none")
        #expect(try await next.status().counts.completed == 1)
    }

    @Test func `a crash is counted once however often the next attempt cannot begin`() async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 3)
        let id = try await node.send("1")[0]
        node.invoker.write(try await node.invoker.next(), .failed)

        let next = try node.crashed()
        try await next.bindQueue(attempts: 3)
        for _ in 0..<4 {
            let invocation = try await next.invoker.next()
            #expect(invocation.attempt == 2)
            #expect(!invocation.isLast)
            next.invoker.tell(invocation, .notAttempted)
        }
        next.invoker.end(try await next.invoker.next(), .failed)
        let last = try await next.invoker.next()
        #expect(last.attempt == 3)
        #expect(last.isLast)
        next.invoker.end(last, .done)
        try await next.end(id)
    }

    @Test func `attempts that were not noted count when the last one was prepared`() async throws {
        for isRecorded in [false, true] {
            let node = try QueueNode()
            try await node.bindQueue(attempts: 2)
            let id = try await node.send("1")[0]
            node.invoker.write(try await node.invoker.next(), .failed)
            let next = try node.crashed()
            try await next.bindQueue(attempts: 2)
            let end = ScriptedInvoker.End.failed("timedOut")
            let invocation = try await next.invoker.next()
            await next.invoker.prepared(invocation, end, withRecord: isRecorded)

            let last = try next.crashed()
            try await last.bindQueue(attempts: 2)
            if !isRecorded { last.invoker.end(try await last.invoker.next(), end) }
            try await last.end(id)
            let letters = try await last.engine.deadLetters(of: "in", limit: 1)
            let letter = try #require(letters.first?.message)
            #expect(letter.attempt == 2)
            #expect(letter.tries == 2)
            #expect(letter.failure?.code == "timedOut")
        }
    }

    @Test func `a dead letter in flight at a crash is redriven under a number of its own`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 1)
        let id = try await node.send("1")[0]
        node.invoker.end(try await node.invoker.next(), .failed)
        try await node.end(id)
        var triggers = Manifest.Triggers()
        triggers.queues = [
            QueueTrigger(source: .embedded(try queueName("in-dead")), dead: try queueName("lost"))
        ]
        try await node.bind("mourner", triggers)
        let mourned = try await node.invoker.next()
        #expect(mourned.attempt == 2)
        await node.invoker.prepared(mourned, .hopeless, withRecord: true)

        let next = try node.crashed()
        #expect(try await next.engine.redrive("in") == 1)
        try await next.bindQueue(attempts: 1)
        let invocation = try await next.invoker.next()
        #expect(invocation.attempt == 3)
        next.invoker.end(invocation, .done)
        try await next.end(id)
        #expect(try await next.fate(id) == "none")
    }

    @Test func `a result that was prepared is shown once its record is known`() async throws {
        let node = try QueueNode()
        try await node.bind()
        let (written, unwritten) = (try await node.call("1"), try await node.call("2"))
        for id in [written, unwritten] {
            let invocation = try await node.invoker.next()
            #expect(invocation.isAnswerKept)
            let end = ScriptedInvoker.End.done("\"\(invocation.text)\"")
            await node.invoker.prepared(invocation, end, withRecord: id == written)
            #expect(try await node.result(id) == nil)
        }

        let next = try node.crashed()
        #expect(try await next.result(written) == nil)
        try await next.bind()
        try await next.end(written)
        let kept = try #require(try await next.result(written))
        #expect(String(decoding: kept.answer.body, as: UTF8.self) == "\"1\"")
        #expect(try await next.result(unwritten) == nil)
        let again = try await next.invoker.next()
        #expect(again.id == unwritten)
        next.invoker.end(again, .done("\"anew\""))
        try await next.end(unwritten)
        let anew = try #require(try await next.result(unwritten))
        #expect(String(decoding: anew.answer.body, as: UTF8.self) == "\"anew\"")
        #expect(next.invoker.begun.count == 1)
    }

    @Test func `dead letters and their reasons survive`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 1)
        let id = try await node.send("1")[0]
        node.invoker.end(try await node.invoker.next(), .failed("outOfMemory"))
        try await node.end(id)
        let next = try node.crashed()
        try await next.bindQueue(attempts: 1)
        try await next.settle()
        #expect(next.invoker.begun.isEmpty)
        #expect(try await next.status().dead == 1)
        let letter = try #require(try await next.engine.deadLetters(of: "in", limit: 1).first)
        #expect(letter.message.failure?.code == "outOfMemory")
    }

    @Test func `a thousand messages over many crashes are each done once`() async throws {
        var node = try QueueNode()
        try await node.bindQueue(capacity: 32, attempts: 1_000)
        let ids = try await node.send((0..<1_000).map { node.order("\($0)", group: "\($0 % 50)") })
        var done: [InvocationID: Int] = [:]
        var random = SeededGenerator(seed: 3)
        while done.count < ids.count {
            for _ in 0..<Int.random(in: 100...200, using: &random) where done.count < ids.count {
                let invocation = try await node.invoker.next()
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    node.invoker.end(invocation, .failed)
                case 1:
                    done[invocation.id, default: 0] += 1
                    node.invoker.write(invocation, .completed)
                    node.invoker.tell(invocation, .done)
                default:
                    done[invocation.id, default: 0] += 1
                    node.invoker.end(invocation, .done)
                }
            }
            let next = try node.crashed()
            node.close()
            node = next
            try await node.bindQueue(capacity: 32, attempts: 1_000)
        }
        for id in ids { try await node.end(id) }
        #expect(Set(done.values) == [1])
        let status = try await node.status()
        #expect(status.ready + status.inFlight + status.delayed + status.dead == 0)
    }
}
