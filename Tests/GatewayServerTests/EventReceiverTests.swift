import Functions
import GatewayAPI
import GatewayServer
import RuntimeProtocol
import Synchronization
import Testing

/// What a trigger is told of the attempts that it asked for.
@Suite(.timeLimit(.minutes(1))) struct EventReceiverTests {
    @Test func `an answer is told before its record when it is kept`() async throws {
        try await withEdge { edge in
            let watch = try await edge.attempt(isAnswerKept: true) { $0.answer("ok") }

            let told = await watch.answered()
            #expect(told.answer.verdict == .done)
            #expect(String(decoding: told.answer.body, as: UTF8.self) == "ok")
            #expect(try await edge.records().isEmpty)
            told.proceed()
            #expect(await watch.ended().verdict == .done)
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `an answer that is not kept is told after its record alone`() async throws {
        try await withEdge { edge in
            let watch = try await edge.attempt(isAnswerKept: false) { $0.answer("ok") }

            let end = await watch.ended()
            #expect(end.verdict == .done)
            #expect(end.body.isEmpty)
            #expect(!watch.wasAnswered)
            #expect(try await edge.records().count == 1)
        }
    }

    @Test(arguments: [true, false])
    func `a refused input is told before its record`(isAnswerKept: Bool) async throws {
        try await withEdge { edge in
            let watch = try await edge.attempt(isAnswerKept: isAnswerKept) {
                $0.fail(.inputInvalid, "no such patient")
            }

            let told = await watch.answered()
            #expect(told.answer.verdict == .hopeless)
            #expect(told.answer.detail.contains("no such patient"))
            #expect(try await edge.records().isEmpty)
            told.proceed()
            #expect(await watch.ended().verdict == .hopeless)
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `a failure is told before its record when no other attempt follows`()
        async throws
    {
        try await withEdge { edge in
            let watch = try await edge.attempt(isAnswerKept: false, isLast: true) {
                $0.fail(.handlerRaised, "no memory of it")
            }

            let told = await watch.answered()
            #expect(told.answer.verdict == .failed)
            #expect(told.answer.detail.contains("no memory of it"))
            #expect(try await edge.records().isEmpty)
            told.proceed()
            #expect(await watch.ended().verdict == .failed)
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `a streamed answer is kept whole or not at all`() async throws {
        let piece = String(repeating: "x", count: 5 << 20)
        for (count, verdict) in [(3, Answer.Verdict.done), (4, .hopeless)] {
            try await withEdge { edge in
                let watch = try await edge.attempt(isAnswerKept: true) { invocation in
                    invocation.begin(piece)
                    for _ in 1..<count { invocation.goOn(piece) }
                    invocation.answer("end")
                }

                let told = await watch.answered()
                #expect(told.answer.verdict == verdict)
                told.proceed()
                let end = await watch.ended()
                #expect(end.body.count == (verdict == .done ? count * piece.utf8.count + 3 : 0))
                #expect(end.code == (verdict == .done ? "" : ProblemCode.answerTooLarge.rawValue))
            }
        }
    }

    @Test func `header fields that no frame holds are refused, and no instance sees them`()
        async throws
    {
        try await withEdge { edge in
            let watch = try await edge.attempt(
                isAnswerKept: true,
                headers: "x: " + String(repeating: "v", count: 65_536)
            ) { $0.answer("ok") }

            let end = await watch.ended()
            #expect(end.verdict == .hopeless)
            #expect(end.code == ProblemCode.headersTooLarge.rawValue)
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `what another attempt may mend is told after its record`(
        isAnswerKept: Bool
    ) async throws {
        try await withEdge { edge in
            let watch = try await edge.attempt(isAnswerKept: isAnswerKept) {
                $0.fail(.handlerRaised)
            }

            #expect(await watch.ended().verdict == .failed)
            #expect(!watch.wasAnswered)
            #expect(try await edge.records().count == 1)
        }
    }
}

extension Edge {
    /// Deploys `echo` and asks for an attempt, as a queue does.
    fileprivate func attempt(
        isAnswerKept: Bool,
        isLast: Bool = false,
        headers: String = "content-type: application/json",
        _ reply: @escaping @Sendable (ScriptedInvocation) -> Void
    ) async throws -> AttemptWatch {
        try deploy(reply: reply)
        let watch = AttemptWatch()
        let invocation = Invocation(
            id: InvocationID(acceptedAtMicros: 1, random: 2),
            token: 3,
            function: try #require(FunctionName("echo")),
            trigger: .async,
            attempt: 1,
            headers: Array(headers.utf8),
            body: Array("{}".utf8),
            isAnswerKept: isAnswerKept,
            isLast: isLast
        )
        dispatcher.begin([invocation], observer: watch)
        return watch
    }
}

/// Told of one attempt.
private final class AttemptWatch: InvocationObserver {
    struct Told: Sendable {
        let answer: Answer
        let proceed: @Sendable () -> Void
    }

    private let answers = AsyncStream.makeStream(of: Told.self)
    private let ends = AsyncStream.makeStream(of: Answer.self)
    private let answeredCount = Mutex(0)

    var wasAnswered: Bool { answeredCount.withLock { $0 > 0 } }

    func answered(_ answer: Answer, proceed: @escaping @Sendable () -> Void) {
        answeredCount.withLock { $0 += 1 }
        answers.continuation.yield(Told(answer: answer, proceed: proceed))
    }

    func ended(_ answer: Answer) { ends.continuation.yield(answer) }

    func answered() async -> Told { await Self.first(of: answers.stream) }

    func ended() async -> Answer { await Self.first(of: ends.stream) }

    private static func first<Element>(of stream: AsyncStream<Element>) async -> Element {
        for await element in stream { return element }
        preconditionFailure("the stream has no end")
    }
}
