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
        await withCheckedContinuation { done in
            node.invoker.prepare(last, .failed("timeout")) { done.resume() }
        }

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
        await withCheckedContinuation { done in
            node.invoker.prepare(first, .hopeless("inputInvalid")) { done.resume() }
        }
        await withCheckedContinuation { done in
            node.invoker.prepare(second, .hopeless("inputInvalid"), withRecord: false) {
                done.resume()
            }
        }

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

    @Test func `a result that was prepared is shown once its record is known`() async throws {
        let node = try QueueNode()
        try await node.bind()
        let (written, unwritten) = (try await node.call("1"), try await node.call("2"))
        for id in [written, unwritten] {
            let invocation = try await node.invoker.next()
            #expect(invocation.isAnswerKept)
            await withCheckedContinuation { done in
                node.invoker.prepare(
                    invocation,
                    .done("\"\(invocation.text)\""),
                    withRecord: id == written
                ) { done.resume() }
            }
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
