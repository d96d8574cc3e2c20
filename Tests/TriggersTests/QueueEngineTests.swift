import Billing
import Functions
import GatewayServer
import Storage
import Testing
import Triggers

@Suite(.timeLimit(.minutes(1))) struct QueueEngineTests {
    @Test func `messages begin in their order and leave the queue when they are done`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 1)
        let ids = try await node.send("1", "2", "3")
        for (id, text) in zip(ids, ["1", "2", "3"]) {
            let invocation = try await node.invoker.next()
            #expect(invocation.id == id)
            #expect(invocation.text == text)
            #expect(invocation.attempt == 1)
            #expect(invocation.trigger == .queue("in"))
            #expect(!invocation.isAnswerKept)
            #expect(try await node.fate(id) == "running")
            node.invoker.end(invocation, .done)
            try await node.end(id)
            #expect(try await node.fate(id) == "none")
        }
        let status = try await node.status()
        #expect(status.ready + status.delayed + status.inFlight + status.dead == 0)
        #expect(status.counts.enqueued == 3)
        #expect(status.counts.completed == 3)
    }

    @Test func `no more is in flight than the manifest allows`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 3)
        try await node.send((0..<200).map { node.order("\($0)") })
        for ended in 0..<200 {
            let invocation = try await node.invoker.next()
            #expect(node.invoker.begun.count <= ended + 3)
            node.invoker.end(invocation, .done)
        }
        #expect(Set(node.invoker.begun.map(\.id)).count == 200)
    }

    @Test func `a failed attempt is made again until the last one, then it is a dead letter`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 3)
        let id = try await node.send("1")[0]
        for attempt in 1...3 {
            let invocation = try await node.invoker.next()
            #expect(invocation.attempt == Int32(attempt))
            #expect(invocation.id == id)
            node.invoker.end(invocation, .failed("instanceDied"))
        }
        try await node.end(id)
        #expect(try await node.fate(id) == "dead")
        let letter = try #require(try await node.engine.deadLetters(of: "in", limit: 10).first)
        #expect(letter.origin == QueueKey(.queue, "in"))
        #expect(letter.message.tries == 3)
        #expect(letter.message.attempt == 3)
        #expect(letter.message.failure?.code == "instanceDied")
        let failures = try await node.engine.store.failures(of: id)
        #expect(Set(failures.keys) == [1, 2, 3])
        #expect(try await node.ledger.records(of: id).map(\.attempt) == [1, 2, 3])
        let status = try await node.status()
        #expect(status.counts.retried == 2)
        #expect(status.counts.deadLettered == 1)
        #expect(status.dead == 1)
        #expect(status.ready + status.delayed + status.inFlight == 0)
    }

    @Test func `what waits for another attempt is said to, and not before its time`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(backoff: Backoff(firstMillis: 600_000, lastMillis: 600_000))
        let id = try await node.send("1")[0]
        node.invoker.end(try await node.invoker.next(), .failed)
        try await node.settle()
        guard case .retrying(_, let function, let due, let failure) = try await node.engine.find(id)
        else {
            Issue.record("it does not wait for another attempt")
            return
        }
        #expect(function?.description == "echo")
        #expect(failure?.code == "handlerRaised")
        let pause = due / 1_000 - id.acceptedAtMillis
        #expect((300_000...605_000).contains(pause))
        #expect(node.invoker.begun.count == 1)
        #expect(try await node.status().delayed == 1)
    }

    @Test func `what would fail each time is a dead letter at once`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 5)
        let id = try await node.send("x")[0]
        node.invoker.end(try await node.invoker.next(), .hopeless("inputInvalid"))
        try await node.end(id)
        let letter = try #require(try await node.engine.deadLetters(of: "in", limit: 10).first)
        #expect(letter.message.failure?.code == "inputInvalid")
        #expect(letter.message.attempt == 1)
        #expect(node.invoker.begun.count == 1)
    }

    @Test func `what never reached an instance is no attempt`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 1)
        let id = try await node.send("1")[0]
        for _ in 0..<4 {
            let invocation = try await node.invoker.next()
            #expect(invocation.attempt == 1)
            node.invoker.end(invocation, .notAttempted)
        }
        node.invoker.end(try await node.invoker.next(), .done)
        try await node.end(id)
        #expect(try await node.fate(id) == "none")
        #expect(try await node.status().counts.retried == 0)
    }

    @Test func `a message with a known id is the one that was sent first`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let first = node.order(key: "k")
        let enqueued = try await node.engine.enqueue(
            [first, node.order(key: "k"), node.order(key: "l")],
            to: try queueName("in")
        )
        #expect(enqueued.duplicates == 1)
        #expect(enqueued.ids[0] == first.message.id)
        #expect(enqueued.ids[1] == first.message.id)
        // Also once it is done, after a restart, and in no other queue.
        for _ in 0..<2 { node.invoker.end(try await node.invoker.next(), .done) }
        for id in enqueued.ids { try await node.end(id) }
        let again = try node.restarted()
        try await again.bindQueue()
        #expect(try await again.send([again.order(key: "k")]) == [first.message.id])
        let other = again.order(key: "k")
        #expect(try await again.send([other], to: "in-dead") == [other.message.id])
        try await again.settle()
        #expect(again.invoker.begun.isEmpty)
    }

    @Test func `a known id counts for a time only`() async throws {
        var limits = TriggerLimits()
        limits.deduplicationMillis = 0
        let node = try QueueNode(limits: limits)
        try await node.bindQueue()
        let ids = try await node.send([node.order(key: "k")])
        let others = try await node.send([node.order(key: "k")])
        #expect(ids != others)
    }

    @Test func `a delayed message begins when its time has come, also after a restart`()
        async throws
    {
        var node = try QueueNode()
        try await node.bindQueue()
        let late = node.order("late", delayMillis: 1_000)
        let due = try #require(late.message.dueAt)
        try await node.send([late, node.order("now")])
        let first = try await node.invoker.next()
        #expect(first.text == "now")
        let delayed = try await node.status().delayed
        // A machine may be so busy that the time has come.
        if Clock.wallMicros() < due { #expect(delayed == 1) }
        node = try node.restarted()
        try await node.bindQueue()
        let second = try await node.invoker.next()
        #expect([first.text, second.text].contains("now"))
        let third = second.text == "late" ? second : try await node.invoker.next()
        #expect(third.text == "late")
        #expect(Clock.wallMicros() >= due)
    }

    @Test func `nothing is kept for a queue that is not there`() async throws {
        let node = try QueueNode()
        await #expect(throws: QueueError.self) { try await node.send("1") }
        await #expect(throws: QueueError.self) { _ = try await node.call() }
        await #expect(throws: QueueError.self) { _ = try await node.engine.redrive("in") }
        await #expect(throws: QueueError.self) {
            _ = try await node.engine.purge("in", dead: false)
        }
    }

    @Test func `a full queue takes all of a request or nothing`() async throws {
        var limits = TriggerLimits()
        limits.messagesMax = 5
        let node = try QueueNode(limits: limits)
        try await node.bindQueue(capacity: 1)
        try await node.send("1", "2", "3")
        await #expect(throws: QueueError.self) { try await node.send("4", "5", "6") }
        try await node.send("4", "5")
        await #expect(throws: QueueError.self) { try await node.send("6") }
        node.invoker.end(try await node.invoker.next(), .done)
        _ = try await node.invoker.next()
        try await node.send("6")
    }

    @Test func `requests that come together do not pass the limit`() async throws {
        var limits = TriggerLimits()
        limits.messagesMax = 50
        let node = try QueueNode(limits: limits)
        try await node.bindQueue(capacity: 1)
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask { (try? await node.send("1"))?.count ?? 0 }
            }
            return await group.reduce(0, +)
        }
        #expect(taken == 50)
    }

    @Test func `a file that is full refuses`() async throws {
        var limits = TriggerLimits()
        limits.bytesMax = 1 << 20
        let node = try QueueNode(limits: limits)
        try await node.bindQueue(capacity: 1)
        let large = String(repeating: "x", count: 100_000)
        await #expect(throws: QueueError.self) {
            for _ in 0..<30 { try await node.send(large) }
        }
        _ = try await node.engine.purge("in", dead: false)
        try await node.send(large)
    }

    @Test func `who waits is told of the end`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        let id = try await node.send("1")[0]
        let invocation = try await node.invoker.next()
        async let first: Void = node.engine.wait(for: id, millis: 50_000)
        async let second: Void = node.engine.wait(for: id, millis: 50_000)
        try await node.engine.wait(for: id, millis: 5)
        #expect(try await node.fate(id) == "running")
        node.invoker.end(invocation, .done)
        _ = try await (first, second)
        #expect(try await node.fate(id) == "none")
    }

    @Test func `a closed engine refuses, and ends nobody's wait for ever`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        node.close()
        await #expect(throws: QueueError.self) { try await node.send("1") }
    }

    @Test func `an engine that drains begins nothing and settles what is in flight`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 1)
        let ids = try await node.send("1", "2")
        let invocation = try await node.invoker.next()
        node.engine.drain()
        node.invoker.end(invocation, .done)
        try await node.end(ids[0])
        try await node.settle()
        #expect(node.invoker.begun.count == 1)
        #expect(try await node.fate(ids[1]) == "waiting")
    }

    @Test func `an engine that drains lets nobody wait for what it does not begin`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 1)
        let waiting = try await node.send("1", "2")[1]
        _ = try await node.invoker.next()
        async let before: Void = node.engine.wait(for: waiting, millis: 600_000)
        try await node.engine.wait(for: waiting, millis: 5)

        node.engine.drain()

        try await before
        try await node.engine.wait(for: waiting, millis: 600_000)
        #expect(try await node.fate(waiting) == "waiting")
    }

    @Test func `an engine that drains ends the wait for an attempt that failed`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(backoff: Backoff(firstMillis: 600_000, lastMillis: 600_000))
        let id = try await node.send("1")[0]
        let invocation = try await node.invoker.next()
        async let end: Void = node.engine.wait(for: id, millis: 600_000)
        try await node.engine.wait(for: id, millis: 5)
        node.engine.drain()

        node.invoker.end(invocation, .failed)

        try await end
        #expect(try await node.fate(id) == "retrying")
    }
}
