import Billing
import Functions
import GatewayServer
import Instances
import RuntimeProtocol
import Testing

/// What can't be read spoils nothing that came before it.
@Suite struct UnreadableTests {
    private static let wrong = "POST /function/echo HTTP/1.1\r\ncontent-length: +5\r\n\r\n"

    @Test func `what was asked before a fault is answered first`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            let requests = ["a", "b"].map { ClientConnection.request($0) }

            try await connection.send(requests.joined() + Self.wrong)
            await host.next().answer("1")
            await host.next().answer("2")

            #expect(try await connection.answer().body == "1")
            #expect(try await connection.answer().body == "2")
            let refusal = try await connection.answer()
            #expect(refusal.status == 400)
            #expect(refusal.code == "requestInvalid")
            #expect(try await edge.records().map(\.outcome) == [.completed, .completed])
        }
    }

    @Test func `what follows a request that ends the connection takes no answer away`()
        async throws
    {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            let last = "POST /function/echo HTTP/1.1\r\nconnection: close\r\n"

            try await connection.send(
                ClientConnection.request("a") + last + "content-length: 1\r\n\r\nb"
                    + ClientConnection.request("c")
            )

            #expect(try await connection.answer().body == "a")
            #expect(try await connection.answer().body == "b")
            #expect(await connection.rest() == "")
            #expect(!connection.isOpen)
        }
    }

    @Test func `a streamed input that can't be read is refused`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld(streamsInput: true) { _ in }
            let connection = try await edge.connect()
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n"
            )
            let invocation = await host.next()

            try await connection.send("zz\r\n")

            let answer = try await connection.answer()
            #expect(answer.status == 400)
            #expect(answer["x-invocation-id"] == invocation.id?.description)
            invocation.fail(.cancelled)
            #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
        }
    }

    @Test func `a streamed input that does not arrive is refused`() async throws {
        try await withEdge(.having(\.requestMillisMax, 1)) { edge in
            _ = try edge.deployHeld(streamsInput: true) { _ in }
            let connection = try await edge.connect()
            try await connection.send("POST /function/echo HTTP/1.1\r\ncontent-length: 5\r\n\r\nab")

            let answer = try await connection.answerInTime()

            #expect(answer.status == 408)
            #expect(answer.code == "requestTimedOut")
        }
    }

    @Test func `a body is not waited for where its head is refused`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()

            try await connection.send(
                "POST /function/echo HTTP/1.1\r\nx-revision: 99\r\ncontent-length: 9\r\n\r\nab"
            )

            #expect(try await connection.answer().status == 404)
        }
    }

    @Test func `a target may name the gateway too`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()

            try await connection.send(
                ClientConnection.request("a", to: "http://gateway:80/function/echo")
            )

            #expect(try await connection.answer().body == "a")
        }
    }

    @Test(arguments: ["x-a: b \t", "x-a: b"])
    func `blanks after a value are no part of it`(field: String) async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.request.meta["x-a"] ?? "none") }
            let connection = try await edge.connect()

            try await connection.send(
                "POST /function/echo HTTP/1.1\r\n\(field)\r\ncontent-length: 0\r\n\r\n"
            )

            #expect(try await connection.answer().body == "b")
        }
    }
}
