import Billing
import Functions
import GatewayAPI
import GatewayServer
import NIOCore
import RuntimeProtocol
import Testing

/// Clients that close their side of the connection before their request is whole, or after.
@Suite(.timeLimit(.minutes(1))) struct CutOffTests {
    /// A beginning of a request, and what is said of it.
    struct Beginning: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var detail: String
    }

    private static let beginnings = [
        Beginning(
            testDescription: "a body of known length",
            text: "POST /function/echo HTTP/1.1\r\ncontent-length: 10\r\n\r\n01234",
            detail: "The connection ended after 5 of the body's 10 bytes."
        ),
        Beginning(
            testDescription: "no body where one was announced",
            text: "POST /function/echo HTTP/1.1\r\ncontent-length: 10\r\n\r\n",
            detail: "The connection ended after 0 of the body's 10 bytes."
        ),
        Beginning(
            testDescription: "a body longer than is put together",
            text: "POST /function/echo HTTP/1.1\r\ncontent-length: 200000\r\n\r\n"
                + String(repeating: "x", count: 100_000),
            detail: "The connection ended after 100000 of the body's 200000 bytes."
        ),
        Beginning(
            testDescription: "within a chunk",
            text: "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123",
            detail: "The connection ended after 4 bytes of the body, before its last chunk."
        ),
        Beginning(
            testDescription: "after a chunk",
            text: "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            detail: "The connection ended after 3 bytes of the body, before its last chunk."
        ),
        Beginning(
            testDescription: "within the head",
            text: "POST /function/echo HTTP/1.1\r\ncontent-length: 1",
            detail: "The connection ended in the middle of a request."
        ),
    ]

    @Test(arguments: beginnings, [true, false])
    func `a request that is cut off is told what is missing`(
        beginning: Beginning,
        isPlain: Bool
    ) async throws {
        try await withEdge { edge in
            let host = try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            if !isPlain {
                try await connection.send("GET /healthz HTTP/1.1\r\n\r\n")
                _ = try await connection.answer()
            }
            try await connection.send(beginning.text)

            try await connection.finishSending()

            let answer = try await connection.answer()
            #expect(answer.status == 400)
            #expect(answer["connection"] == "close")
            let problem = try answer.problem()
            #expect(problem.code == ProblemCode.requestInvalid.rawValue)
            #expect(problem.detail == beginning.detail)
            #expect(await connection.rest() == "")
            #expect(host.instances.isEmpty)
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test func `a request that comes in pieces and is cut off is told of all of them`() async throws
    {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            try await connection.post("first")
            #expect(try await connection.answer().body == "first")
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ncontent-length: 10\r\n\r\n",
                "012",
                "34"
            )

            try await connection.finishSending()

            let detail = try await connection.answer().problem().detail
            #expect(detail == "The connection ended after 5 of the body's 10 bytes.")
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `a streamed input that is cut off cancels its invocation`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ncontent-length: 10\r\n\r\n01234"
            )
            let invocation = await host.next()

            try await expectCancelled(invocation, byEndOf: connection, edge, refusal: 400)
        }
    }

    @Test func `a client that closes its side after a whole request has gone`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post("whole")
            let invocation = await host.next()

            try await expectCancelled(invocation, byEndOf: connection, edge)
        }
    }

    private func expectCancelled(
        _ invocation: ScriptedInvocation,
        byEndOf connection: ClientConnection,
        _ edge: Edge,
        refusal: Int? = nil
    ) async throws {
        try await connection.finishSending()

        await #expect(invocation.cancellations.first { _ in true } == .clientGone)
        invocation.fail(.cancelled)
        if let refusal { #expect(try await connection.answer().status == refusal) }
        #expect(await connection.rest() == "")
        #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
    }
}
