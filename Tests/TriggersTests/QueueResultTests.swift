import Functions
import GatewayServer
import Storage
import Testing
import Triggers

@Suite(.timeLimit(.minutes(1))) struct QueueResultTests {
    @Test func `an asynchronous invocation's answer is kept`() async throws {
        let node = try QueueNode()
        try await node.bind()
        let id = try await node.call("1")
        let invocation = try await node.invoker.next()
        #expect(invocation.trigger == .async)
        node.invoker.end(invocation, .done("{\"y\":1}"))
        try await node.end(id)
        let kept = try #require(try await node.result(id))
        #expect(kept.answer.status == 200)
        #expect(kept.answer.function == "echo")
        #expect(String(decoding: kept.answer.body, as: UTF8.self) == "{\"y\":1}")
        #expect(kept.expiresAt > Clock.wallMicros() + 3_500_000_000)
        let next = try node.restarted()
        #expect(try await next.result(id) != nil)
    }

    @Test func `one that failed for good has a problem as its result`() async throws {
        var limits = TriggerLimits()
        limits.asyncAttempts = 1
        let node = try QueueNode(limits: limits)
        try await node.bind()
        let failing = try await node.call("1")
        node.invoker.end(try await node.invoker.next(), .failed("handlerRaised"))
        try await node.end(failing)
        let hopeless = try await node.call("2")
        node.invoker.end(try await node.invoker.next(), .hopeless("inputInvalid"))
        try await node.end(hopeless)
        for (id, code, status) in [
            (failing, "handlerRaised", 500), (hopeless, "inputInvalid", 400),
        ] {
            let kept = try #require(try await node.result(id))
            #expect(String(decoding: kept.answer.body, as: UTF8.self).contains(code))
            #expect(kept.answer.status == status)
            #expect(try await node.fate(id) == "dead")
        }
        #expect(try await node.engine.deadLetters(of: "echo", limit: 9).count == 2)
        #expect(try await node.engine.deadLetters(of: "echo-dead", limit: 9).count == 2)
    }

    @Test func `the oldest results make room for new ones`() async throws {
        var limits = TriggerLimits()
        limits.resultBytesMax = 1_000
        let node = try QueueNode(limits: limits)
        try await node.bind()
        node.invoker.follow { _ in .done(String(repeating: "x", count: 300)) }
        var ids: [InvocationID] = []
        for _ in 0..<6 {
            ids.append(try await node.call())
            try await node.end(try #require(ids.last))
        }
        var kept: [Bool] = []
        for id in ids { kept.append(try await node.result(id) != nil) }
        #expect(kept == [false, false, false, true, true, true])
    }

    @Test func `a result is not shown past its time`() async throws {
        var limits = TriggerLimits()
        limits.resultMillis = 0
        let node = try QueueNode(limits: limits)
        try await node.bind()
        node.invoker.follow { _ in .done }
        let id = try await node.call()
        try await node.end(id)
        #expect(try await node.result(id) == nil)
    }

    @Test func `a function that is gone while its answer comes keeps it`() async throws {
        let node = try QueueNode()
        try await node.bind()
        let id = try await node.call()
        let invocation = try await node.invoker.next()
        try await node.engine.unbind(try #require(FunctionName("echo")))
        node.invoker.end(invocation, .hopeless("answerTooLarge"))
        try await node.end(id)
        #expect(try await node.result(id) != nil)
        #expect(try await node.fate(id) == "dead")
    }
}
