import Billing
import Functions
import Storage
import Testing
import Triggers

@Suite(.timeLimit(.minutes(1))) struct QueueManagingTests {
    /// A queue `in` with so many dead letters.
    private func nodeWithDead(_ count: Int) async throws -> (QueueNode, [InvocationID]) {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 64, attempts: 1)
        node.invoker.follow { $0.text == "bad" ? .failed : .done }
        let ids = try await node.send((0..<count).map { _ in node.order("bad") })
        for id in ids { try await node.end(id) }
        return (node, ids)
    }

    @Test func `dead letters are moved back, and their attempts count anew`() async throws {
        let (node, ids) = try await nodeWithDead(3)
        node.invoker.follow { _ in .done }
        #expect(try await node.status().dead == 3)
        #expect(try await node.engine.redrive("in-dead") == 3)
        for id in ids { try await node.end(id) }
        for id in ids {
            #expect(try await node.fate(id) == "none")
            #expect(try await node.ledger.records(of: id).map(\.attempt) == [1, 2])
        }
        #expect(try await node.status().dead == 0)
        #expect(try await node.engine.redrive("in") == 0)
    }

    @Test func `more dead letters than one turn moves are all moved`() async throws {
        let count = 2_017
        let (node, ids) = try await nodeWithDead(count)
        node.invoker.follow { _ in .done }
        #expect(try await node.engine.redrive("in") == count)
        for id in ids { try await node.end(id) }
        let status = try await node.status()
        #expect(status.dead + status.ready + status.inFlight == 0)
        #expect(try await node.status("in-dead").ready == 0)
    }

    @Test func `dead letters are removed by the queue they died in or lie in`() async throws {
        let (node, _) = try await nodeWithDead(4)
        #expect(try await node.engine.purge("in", dead: false) == 0)
        #expect(try await node.engine.purge("in", dead: true) == 4)
        #expect(try await node.status().dead == 0)
        #expect(try await node.engine.deadLetters(of: "in-dead", limit: 9).isEmpty)
    }

    @Test func `what is in flight during a purge is finished and not tried again`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 4, attempts: 5)
        let ids = try await node.send((0..<10).map { node.order("\($0)") })
        var flying: [Invocation] = []
        for _ in 0..<4 { flying.append(try await node.invoker.next()) }
        #expect(try await node.engine.purge("in", dead: false) == 10)
        node.invoker.end(flying[0], .done)
        node.invoker.end(flying[1], .failed)
        node.invoker.end(flying[2], .hopeless("inputInvalid"))
        node.invoker.end(flying[3], .notAttempted)
        try await node.settle()
        let status = try await node.status()
        #expect(status.ready == 0)
        #expect(status.delayed == 0)
        #expect(status.inFlight == 0)
        #expect(status.dead == 0)
        #expect(node.invoker.begun.count == 4)
        for id in ids { #expect(try await node.fate(id) == "none") }
        try await node.send("next")
        #expect(try await node.invoker.next().text == "next")
    }

    @Test func `a purge leaves the dead letters of others that lie in the queue`() async throws {
        let (node, ids) = try await nodeWithDead(2)
        try await node.send([node.order("own")], to: "in-dead")
        #expect(try await node.engine.purge("in-dead", dead: false) == 1)
        #expect(try await node.fate(ids[0]) == "dead")
    }

    @Test func `a queue is removed when it is empty and nobody names it`() async throws {
        let (node, _) = try await nodeWithDead(1)
        await #expect(throws: QueueError.self) { try await node.engine.remove("in") }
        await #expect(throws: QueueError.self) { try await node.engine.remove("in-dead") }
        try await node.engine.unbind(try #require(FunctionName("echo")))
        // A letter that died in it could not be moved back.
        await #expect(throws: QueueError.self) { try await node.engine.remove("in") }
        await #expect(throws: QueueError.self) { try await node.engine.remove("in-dead") }
        _ = try await node.engine.purge("in", dead: true)
        try await node.engine.remove("in")
        try await node.engine.remove("in-dead")
        await #expect(throws: QueueError.self) { try await node.send("1") }
        #expect(try await node.engine.status().isEmpty)
    }

    @Test func `a queue is not removed while a message of it is in flight`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        try await node.send("1")
        let invocation = try await node.invoker.next()
        try await node.engine.unbind(try #require(FunctionName("echo")))
        #expect(try await node.engine.purge("in", dead: false) == 1)
        // Its number would be the next queue's, whose first message the end would take away.
        await #expect(throws: QueueError.self) { try await node.engine.remove("in") }
        node.invoker.end(invocation, .done)
        try await node.settle()
        try await node.engine.remove("in")
    }

    @Test func `a new queue knows nothing of a removed one`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        node.invoker.follow { _ in .done }
        let first = try await node.send([node.order(key: "k")])
        try await node.end(first[0])
        try await node.engine.unbind(try #require(FunctionName("echo")))
        try await node.engine.remove("in")
        try await node.engine.remove("in-dead")
        try await node.bindQueue()
        #expect(try await node.send([node.order(key: "k")]) != first)
    }

    @Test func `what is sent while a queue is being removed is refused or kept`() async throws {
        for _ in 0..<30 {
            let node = try QueueNode()
            try await node.bindQueue()
            try await node.engine.unbind(try #require(FunctionName("echo")))
            async let removal: Void? = try? node.engine.remove("in")
            async let sent = try? node.send("1")
            let (isRemoved, ids) = (await removal != nil, await sent)
            #expect(isRemoved == (ids == nil))
            if let id = ids?.first { #expect(try await node.fate(id) == "waiting") }
        }
    }

    @Test func `messages wait for a function that is gone, and go on with the next`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 1)
        let ids = try await node.send("1", "2")
        let first = try await node.invoker.next()
        try await node.engine.unbind(try #require(FunctionName("echo")))
        node.invoker.end(first, .failed)
        try await node.settle()
        #expect(["retrying", "waiting"].contains(try await node.fate(ids[0])))
        #expect(node.invoker.begun.count == 1)
        try await node.bindQueue(capacity: 1)
        let next = [try await node.invoker.next()]
        node.invoker.end(next[0], .done)
        let last = try await node.invoker.next()
        #expect(Set([next[0].id, last.id]) == Set(ids))
    }

    @Test func `what was in flight before a queue had another consumer is not begun twice`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 2)
        let ids = try await node.send("1", "2", "3", "4")
        let flying = [try await node.invoker.next(), try await node.invoker.next()]
        try await node.engine.unbind(try #require(FunctionName("echo")))
        try await node.bindQueue(capacity: 2)
        try await node.settle()
        #expect(node.invoker.begun.count == 2)
        for invocation in flying { node.invoker.end(invocation, .notAttempted) }
        node.invoker.follow { _ in .done }
        for id in ids { try await node.end(id) }
        #expect(node.invoker.begun.count == 6)
        #expect(try await node.status().inFlight == 0)
    }

    @Test func `a function for dead letters has attempts of its own`() async throws {
        let (node, ids) = try await nodeWithDead(1)
        var triggers = Manifest.Triggers()
        var trigger = QueueTrigger(
            source: .embedded(try queueName("in-dead")),
            dead: try queueName("lost")
        )
        trigger.attempts = 2
        trigger.backoff = Backoff(firstMillis: 1, lastMillis: 1)
        triggers.queues = [trigger]
        let next = try node.restarted()
        next.invoker.follow { _ in .failed }
        try await next.bindQueue(attempts: 1)
        try await next.bind("mourner", triggers)
        while try await next.fate(ids[0]) != "dead" || next.invoker.begun.count < 2 {
            try await next.settle()
        }
        #expect(next.invoker.begun.map(\.attempt) == [2, 3])
        let letter = try #require(try await next.engine.deadLetters(of: "lost", limit: 1).first)
        #expect(letter.origin.name == "in-dead")
        #expect(letter.message.tries == 2)
    }
}
