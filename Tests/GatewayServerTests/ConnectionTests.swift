import Functions
import GatewayAPI
import GatewayServer
import HTTPTypes
import HummingbirdCore
import Instances
import NIOCore
import RuntimeProtocol
import Testing

/// One connection's requests and answers.
@Suite struct ConnectionTests {
    @Test func `pipelined requests are answered in their order`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            let requests = (0..<50).map { ClientConnection.request("\($0)") }

            try await connection.send(requests.joined())

            for number in 0..<50 { #expect(try await connection.answer().body == "\(number)") }
            #expect(try await edge.records().count == 50)
            #expect(connection.isOpen)
        }
    }

    @Test func `the next request waits for the answer before it`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.send(
                ClientConnection.request("first") + ClientConnection.request("second")
            )

            let first = await host.next()
            #expect(first.body == "first")
            first.answer("1")
            let second = await host.next()
            second.answer("2")

            #expect(second.body == "second")
            #expect(try await connection.answer().body == "1")
            #expect(try await connection.answer().body == "2")
        }
    }

    @Test func `requests for other routes keep their place among invocations`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()

            try await connection.send(
                ClientConnection.request("a")
                    + ClientConnection.request("bc", to: "/v1/functions", method: "PUT")
                    + ClientConnection.request("d")
                    + "GET /healthz HTTP/1.1\r\nhost: gateway\r\n\r\n"
                    + "GET /metrics HTTP/1.1\r\nhost: gateway\r\n\r\n"
                    + ClientConnection.request("e")
            )

            #expect(try await connection.answer().body == "a")
            #expect(try await connection.answer().body == "passed /v1/functions 2")
            #expect(try await connection.answer().body == "d")
            #expect(try await connection.answer().body == "passed /healthz 0")
            #expect(try await connection.answer().body == "passed /metrics 0")
            #expect(try await connection.answer().body == "e")
        }
    }

    @Test func `a route that answers before it has read all keeps the order`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect { _, writer, _ in
                var head = HTTPResponse(status: .notFound)
                head.headerFields[.contentLength] = "0"
                try await writer.writeResponse(head)
            }

            try await connection.send("PUT /v1/x HTTP/1.1\r\ncontent-length: 4\r\n\r\nab")
            #expect(try await connection.answer().status == 404)
            try await connection.send("cd" + ClientConnection.request("next"))

            #expect(try await connection.answer().body == "next")
        }
    }

    @Test func `whatever the cuts, a request is the same`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            let request = ClientConnection.request("{\"a\": 1}", fields: ["x-a: b"])
            for cut in 1..<request.utf8.count {
                let bytes = Array(request.utf8)
                try await connection.send(ByteBuffer(bytes: bytes[..<cut]))
                try await connection.send(ByteBuffer(bytes: bytes[cut...]))

                #expect(try await connection.answer().body == "{\"a\": 1}")
            }
        }
    }

    @Test func `a body in chunks is one body`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()

            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
                "3\r\ncde\r\n",
                "0\r\nx-trailer: 1\r\n\r\n" + ClientConnection.request("next")
            )

            #expect(try await connection.answer().body == "abcde")
            #expect(try await connection.answer().body == "next")
        }
    }

    // MARK: Refusals

    @Test(arguments: ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
    func `a function takes POST alone`(method: String) async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()
            try await connection.send(ClientConnection.request("x", method: method))

            let answer = try await connection.answer()

            #expect(answer.status == 405)
            #expect(answer.code == "methodNotAllowed")
            #expect(answer["allow"] == "POST")
            try await connection.post()
            #expect(try await connection.answer().status == 200)
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `an answer to HEAD has no body`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()
            try await connection.send("HEAD /function/echo HTTP/1.1\r\nconnection: close\r\n\r\n")

            let text = await connection.rest(inTime: true)

            #expect(text.hasPrefix("HTTP/1.1 405 "))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: ["none", "", "Echo", "echo2", "../echo", "%65cho"])
    func `an unknown function is not found`(name: String) async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()
            try await connection.post("{}", to: "/function/\(name)")

            let answer = try await connection.answer()

            #expect(answer.status == 404)
            #expect(answer.code == "functionNotFound")
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer["x-invocation-id"] != nil)
            #expect(connection.isOpen)
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test func `a body of the largest size is taken and one byte more is not`() async throws {
        try await withEdge { edge in
            try edge.deploy(reply: { $0.answer("\($0.body.utf8.count)") }) {
                $0.limits.payloadBytes = 1000
            }
            let connection = try await edge.connect()
            try await connection.post(String(repeating: "x", count: 1000))
            #expect(try await connection.answer().body == "1000")

            try await connection.post(String(repeating: "x", count: 1001))

            let answer = try await connection.answer()
            #expect(answer.status == 413)
            #expect(answer.code == "payloadTooLarge")
            #expect(answer["connection"] == "close")
            #expect(await connection.rest() == "")
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `a body in chunks that grows over the limit is refused`() async throws {
        try await withEdge { edge in
            try edge.deploy(reply: { $0.answer("") }) { $0.limits.payloadBytes = 1000 }
            let connection = try await edge.connect()
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            let piece = "1f4\r\n" + String(repeating: "x", count: 500) + "\r\n"
            try await connection.send(piece, piece, "1\r\nx\r\n")

            let answer = try await connection.answer()

            #expect(answer.status == 413)
            #expect(await connection.rest() == "")
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "POST /function/echo\r\n\r\n", "POST /function/echo HTTP/9.9\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n", "POST /function/echo HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "POST /function/echo HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n"
            + "\r\n0\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "POST /function/e cho HTTP/1.1\r\n\r\n",
    ])
    func `what is no HTTP is refused once and the connection ends`(text: String) async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()
            try await connection.send(text)

            let answer = try await connection.answer()

            #expect(answer.status == 400)
            #expect(answer.code == "requestInvalid")
            #expect(answer["connection"] == "close")
            #expect(await connection.rest(inTime: true) == "")
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test func `a key is asked for where one is needed`() async throws {
        let key = APIKeyFixture()
        try await withEdge(.having(\.keys, [key.local, key.other])) { edge in
            try edge.deploy { $0.answer("ok") }
            let connection = try await edge.connect()

            try await connection.post()
            let without = try await connection.answer()
            try await connection.post(fields: ["authorization: Bearer \(key.otherText)"])
            let foreign = try await connection.answer()
            try await connection.post(fields: ["Authorization: bearer \(key.localText)"])
            let with = try await connection.answer()

            #expect(without.status == 401)
            #expect(without["www-authenticate"] == "Bearer")
            #expect(foreign.status == 403)
            #expect(with.body == "ok")
            #expect(try await edge.records().count == 1)
        }
    }

    // MARK: Ends

    @Test func `a client that asks for it is answered and the connection ends`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("ok") }
            let connection = try await edge.connect()
            try await connection.post(fields: ["connection: close"])

            let answer = try await connection.answer()

            #expect(answer.body == "ok")
            #expect(answer["connection"] == "close")
            #expect(await connection.rest() == "")
        }
    }

    @Test func `a client of HTTP 1_0 gets no chunks and then the end`() async throws {
        try await withEdge { edge in
            try edge.deploy { invocation in
                invocation.begin("one ")
                invocation.goOn("two ")
                invocation.answer("three")
            }
            let connection = try await edge.connect()
            try await connection.send("POST /function/echo HTTP/1.0\r\ncontent-length: 0\r\n\r\n")

            let answer = try await connection.answer()

            #expect(answer.body == "one two three")
            #expect(answer["transfer-encoding"] == nil)
        }
    }

    @Test func `a client that waits for it is told to go on`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
            )
            #expect(try await connection.answer().status == 100)

            try await connection.send("ab")

            #expect(try await connection.answer().body == "ab")
        }
    }

    @Test func `an idle connection ends when its server does`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()
            try await connection.post()
            _ = try await connection.answer()

            try await connection.quiesce()

            #expect(await connection.rest() == "")
        }
    }

    @Test func `a server that ends still answers what it has taken`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post("x")
            let invocation = await host.next()

            try await connection.quiesce()
            invocation.answer("ok")

            let answer = try await connection.answer()
            #expect(answer.body == "ok")
            #expect(answer["connection"] == "close")
            #expect(await connection.rest() == "")
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `a server that ends still answers what another route has taken`() async throws {
        let taken = AsyncStream.makeStream(of: Void.self)
        let mayAnswer = AsyncStream.makeStream(of: Void.self)
        try await withEdge { edge in
            let connection = try await edge.connect { request, writer, channel in
                taken.continuation.yield()
                for await _ in mayAnswer.stream { break }
                try await Edge.answerPassed(request, writer, channel)
            }
            try await connection.send("GET /v1/usage HTTP/1.1\r\n\r\n")
            for await _ in taken.stream { break }

            try await connection.quiesce()
            mayAnswer.continuation.yield()

            #expect(try await connection.answer().body == "passed /v1/usage 0")
            #expect(await connection.rest() == "")
        }
    }
}
