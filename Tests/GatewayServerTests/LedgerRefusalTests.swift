import Functions
import GatewayServer
import RuntimeProtocol
import Testing

/// Streamed answers whose usage record the ledger does not take.
@Suite(.timeLimit(.minutes(1))) struct LedgerRefusalTests {
    @Test(arguments: [true, false])
    func `a trigger is told that its attempt was not made`(isAnswerKept: Bool) async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let watch = EndWatch()
            edge.dispatcher.begin(
                [try Self.attempt(isAnswerKept: isAnswerKept)],
                observer: watch
            )
            let invocation = await host.next()
            invocation.begin("part ")
            edge.dispatcher.close()

            invocation.answer("end")

            let answer = await watch.ended()
            #expect(answer.verdict == .notAttempted)
            #expect(answer.code == "notReady")
            #expect(answer.body.isEmpty)
            #expect(try await edge.records().isEmpty)
            let metrics = try #require(edge.dispatcher.route("echo")).metrics
            #expect(StartKind.allCases.allSatisfy { metrics.count(.completed, $0) == 0 })
            #expect(metrics.count(.ledgerFull) == 1)
        }
    }

    @Test(arguments: [true, false])
    func `a client that has part of its answer is left without the rest`(
        endsWell: Bool
    ) async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()
            invocation.begin("part ")
            try await edge.settle()
            edge.dispatcher.close()

            if endsWell { invocation.answer("end") } else { invocation.fail(.handlerRaised) }

            let rest = await connection.rest()
            #expect(rest.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(rest.hasSuffix("\r\n\r\n5\r\npart \r\n"))
            #expect(try await edge.records().isEmpty)
        }
    }

    private static func attempt(isAnswerKept: Bool) throws -> Invocation {
        Invocation(
            id: InvocationID(acceptedAtMicros: 1, random: 2),
            token: 3,
            function: try #require(FunctionName("echo")),
            trigger: .async,
            attempt: 1,
            headers: [],
            body: Array("{}".utf8),
            isAnswerKept: isAnswerKept
        )
    }
}

/// Told how one attempt ended; what it prepares is written at once.
private final class EndWatch: InvocationObserver {
    private let ends = AsyncStream.makeStream(of: Answer.self)

    func answered(_ answer: Answer, proceed: @escaping @Sendable () -> Void) { proceed() }

    func ended(_ answer: Answer) { ends.continuation.yield(answer) }

    func ended() async -> Answer {
        for await answer in ends.stream { return answer }
        preconditionFailure("the stream has no end")
    }
}
