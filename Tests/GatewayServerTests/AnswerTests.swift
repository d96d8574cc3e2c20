import Functions
import GatewayAPI
import NIOCore
import RuntimeProtocol
import TestSupport
import Testing

/// What the bytes of an answer are, whatever the handler says.
@Suite struct AnswerTests {
    private func answer(
        _ lines: String,
        body: String = "body",
        isStreamed: Bool = false
    ) async throws -> HTTPAnswer {
        try await withAnswer { invocation in
            let meta = FrameMeta(lines: ByteBuffer(string: lines))
            if isStreamed {
                invocation.begin(body, meta: meta)
                invocation.answer("")
            } else {
                invocation.answer(body, meta: meta)
            }
        }
    }

    private func withAnswer(
        _ reply: @escaping @Sendable (ScriptedInvocation) -> Void
    ) async throws -> HTTPAnswer {
        let edge = try Edge()
        try edge.deploy(reply: reply)
        let connection = try await edge.connect()
        try await connection.post("{}")
        let answer = try await connection.answer()
        // The connection goes on after it, in step.
        try await connection.post("{}", to: "/function/none")
        #expect(try await connection.answer().status == 404)
        try await edge.stop()
        return answer
    }

    @Test func `an answer without a head of its own is JSON`() async throws {
        let answer = try await withAnswer { $0.answer("[1]", runMicros: 1234) }

        #expect(answer.status == 200)
        #expect(answer.reason == "OK")
        #expect(answer.body == "[1]")
        #expect(
            answer.fields.map(\.name) == [
                "content-type", "x-invocation-id", "x-start-kind", "x-revision", "server-timing",
                "content-length",
            ]
        )
        #expect(answer["content-type"] == "application/json")
        #expect(answer["content-length"] == "3")
        #expect(answer["x-start-kind"] == "cold")
        #expect(answer["x-invocation-id"].flatMap { InvocationID($0) } != nil)
        let timing = try #require(answer["server-timing"])
        let pattern = /queue;dur=\d+(\.\d{3})?, start;dur=\d+(\.\d{3})?, run;dur=1\.234/
        #expect(timing.wholeMatch(of: pattern) != nil, "\(timing)")
    }

    @Test func `status and header fields are the handler's`() async throws {
        let answer = try await answer(
            ":status: 201\ncontent-type: text/plain\nx-color: red\nset-cookie: a=1"
        )

        #expect(answer.status == 201)
        #expect(answer.reason == "Created")
        #expect(answer["content-type"] == "text/plain")
        #expect(answer["x-color"] == "red")
        #expect(answer["set-cookie"] == "a=1")
        #expect(answer.body == "body")
    }

    @Test(arguments: ["99", "100", "101", "199", "600", "1000", "-1", "", "abc", "2e2"])
    func `a status that no answer can have is not passed on`(status: String) async throws {
        let answer = try await answer(":status: \(status)")

        #expect([200, 500].contains(answer.status))
        #expect(answer.body == "body")
    }

    @Test(arguments: [
        "content-length: 1", "transfer-encoding: chunked", "transfer-encoding: identity",
        "connection: close", "connection: x-color", "keep-alive: timeout=1", "upgrade: h2c",
        "trailer: x", "te: trailers", "x-invocation-id: 1", "x-start-kind: warm",
        "server-timing: run;dur=0",
    ])
    func `fields that are the connection's or the gateway's are not the handler's`(
        line: String
    ) async throws {
        for isStreamed in [false, true] {
            let answer = try await answer(line, isStreamed: isStreamed)
            let name = String(line.prefix { $0 != ":" })
            let value = String(line.drop { $0 != ":" }.dropFirst(2))

            #expect(answer.values(name).count <= 1, "\(line)")
            let isFraming = name == "transfer-encoding" && isStreamed
            #expect(isFraming || answer[name] != value, "\(line)")
            #expect(answer.body == "body")
        }
    }

    @Test(arguments: [
        "Content-Length: 1", "Transfer-Encoding: chunked", "Connection: close", "x y: 1", "x\t: 1",
        "x(y): 1", "x\r: 1", "x: 1\r", "x: 1\rcontent-length: 0", "x: a\r\rHTTP/1.1 200 OK",
        "x: \u{0}", "x: \u{7f}", "x: a\u{8}b", "é: 1", "\"x\": 1", "x;y: 1", "x,y: 1", " x: 1",
        "\r: 1", "{}: 1", "x=: 1", "x\u{b}: 1", "@: 1", "content-length\r: 5", "\u{feff}x: 1",
    ])
    func `a line that is no header field is left out`(line: String) async throws {
        for isStreamed in [false, true] {
            // The parser throws at what it cannot read.
            let answer = try await answer("\(line)\nx-last: 1", isStreamed: isStreamed)

            #expect(answer["x-last"] == "1")
            #expect(answer.fields.count == 7)
            #expect(answer.body == "body")
        }
    }

    @Test func `no random meta makes an answer that cannot be read`() async throws {
        var generator = SeededGenerator(seed: 11)
        let alphabet = Array(":\n\r \tabcXYZ019-_\"(){}\u{0}\u{7f}é;,=".unicodeScalars)
        let edge = try Edge()
        let host = try edge.deploy()
        let connection = try await edge.connect()
        for round in 0..<2_000 {
            var lines = ""
            for _ in 0..<Int.random(in: 0...60, using: &generator) {
                let index = Int.random(in: alphabet.indices, using: &generator)
                lines.unicodeScalars.append(alphabet[index])
            }
            try await connection.post()
            let meta = FrameMeta(lines: ByteBuffer(string: lines))
            let invocation = await host.next()
            if Bool.random(using: &generator) {
                invocation.begin("a", meta: meta)
                invocation.answer("b")
            } else {
                invocation.answer("ab", meta: meta)
            }

            let answer = try await connection.answer()
            #expect(answer.body == "ab", "round \(round): \(lines.debugDescription)")
        }
        try await edge.stop()
    }

    @Test(arguments: [204, 304])
    func `an answer that has no body by its status sends none`(status: Int) async throws {
        for isStreamed in [false, true] {
            let answer = try await answer(":status: \(status)", isStreamed: isStreamed)

            #expect(answer.status == status)
            #expect(answer.body == "")
            #expect(answer["content-length"] == nil)
            #expect(answer["transfer-encoding"] == nil)
        }
    }

    @Test func `a streamed answer comes in the pieces that the handler gave`() async throws {
        let answer = try await withAnswer { invocation in
            invocation.begin("one", meta: FrameMeta([("content-type", "text/event-stream")]))
            invocation.goOn("")
            invocation.goOn("two two two two two two")
            invocation.answer("three")
        }

        #expect(answer.chunks == ["one", "two two two two two two", "three"])
        #expect(answer["content-type"] == "text/event-stream")
        #expect(answer["content-length"] == nil)
        #expect(answer["x-invocation-id"] != nil)
    }

    @Test func `a streamed answer may be empty`() async throws {
        let answer = try await withAnswer { invocation in
            invocation.begin()
            invocation.answer("")
        }

        #expect(answer.status == 200)
        #expect(answer.chunks == [])
    }
}
