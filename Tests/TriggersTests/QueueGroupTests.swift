import Functions
import Storage
import Testing
import Triggers

@Suite(.timeLimit(.minutes(1))) struct QueueGroupTests {
    @Test func `messages of a group go one after another, over failures and others' heads`()
        async throws
    {
        let node = try QueueNode()
        try await node.bindQueue(capacity: 8, attempts: 3)
        try await node.send("a1", "a2", "a3", group: "a")
        try await node.send("b1", "b2", group: "b")
        var seen: [String] = []
        var hasFailed = false
        while seen.count < 6 {
            let invocation = try await node.invoker.next()
            let others = node.invoker.underWay.filter { $0.text.first == invocation.text.first }
            #expect(others.count == 1)
            seen.append(invocation.text)
            let fails = invocation.text == "a1" && !hasFailed
            if fails { hasFailed = true }
            node.invoker.end(invocation, fails ? .failed : .done)
        }
        #expect(seen.filter { $0.hasPrefix("a") } == ["a1", "a1", "a2", "a3"])
        #expect(seen.filter { $0.hasPrefix("b") } == ["b1", "b2"])
    }

    @Test func `a group that waits for another attempt holds up itself only`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(backoff: Backoff(firstMillis: 600_000, lastMillis: 600_000))
        try await node.send((0..<300).map { node.order("a\($0)", group: "a") })
        node.invoker.end(try await node.invoker.next(), .failed)
        try await node.send("b", group: "b")
        try await node.send("free")
        let next = [try await node.invoker.next().text, try await node.invoker.next().text]
        #expect(Set(next) == ["b", "free"])
        try await node.settle()
        #expect(node.invoker.begun.count == 3)
    }

    @Test func `a restart keeps a group behind its delayed message`() async throws {
        var node = try QueueNode()
        let slow = Backoff(firstMillis: 1_200, lastMillis: 1_200)
        try await node.bindQueue(backoff: slow)
        try await node.send("a1", "a2", group: "a")
        node.invoker.end(try await node.invoker.next(), .failed)
        try await node.settle()
        node = try node.restarted()
        try await node.bindQueue(backoff: slow)
        try await node.send("free")
        // Which of the two is first depends on how long the restart took.
        let next = [try await node.invoker.next(), try await node.invoker.next()]
        let first = try #require(next.first { $0.text == "a1" })
        #expect(next.contains { $0.text == "free" })
        #expect(first.attempt == 2)
        node.invoker.end(first, .done)
        #expect(try await node.invoker.next().text == "a2")
    }

    @Test func `the group goes on when its head dies`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(attempts: 1)
        let ids = try await node.send("a1", "a2", group: "a")
        node.invoker.end(try await node.invoker.next(), .failed)
        let next = try await node.invoker.next()
        #expect(next.id == ids[1])
        #expect(try await node.fate(ids[0]) == "dead")
    }

    @Test func `a group goes on after a purge, while its head is in flight`() async throws {
        let node = try QueueNode()
        try await node.bindQueue()
        try await node.send("a1", "a2", group: "a")
        let head = try await node.invoker.next()
        #expect(try await node.engine.purge("in", dead: false) == 2)
        try await node.send("a3", group: "a")
        try await node.settle()
        #expect(node.invoker.begun.count == 1)
        node.invoker.end(head, .done)
        #expect(try await node.invoker.next().text == "a3")
    }

    @Test func `a group goes on after a purge of its delayed head`() async throws {
        let node = try QueueNode()
        try await node.bindQueue(backoff: Backoff(firstMillis: 600_000, lastMillis: 600_000))
        try await node.send("a1", "a2", group: "a")
        node.invoker.end(try await node.invoker.next(), .failed)
        try await node.settle()
        #expect(try await node.engine.purge("in", dead: false) == 2)
        #expect(try await node.status().delayed == 0)
        try await node.send("a3", group: "a")
        #expect(try await node.invoker.next().text == "a3")
    }
}
