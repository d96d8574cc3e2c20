import Billing
import Functions
import Instances
import RuntimeProtocol
import Testing

/// What a handler learns of its request, from the bytes on the connection to the frame's meta.
@Suite struct RequestMetaTests {
    private func meta(
        _ target: String = "/function/echo",
        fields: [String]
    ) async throws -> FrameMeta {
        let edge = try Edge()
        let host = try edge.deploy()
        let connection = try await edge.connect()
        try await connection.post("{}", to: target, fields: fields)
        let invocation = await host.next()
        invocation.answer("")
        _ = try await connection.answer()
        let records = try await edge.records()
        #expect(records.map(\.id) == [invocation.id])
        try await edge.stop()
        return invocation.request.meta
    }

    @Test func `a handler learns id, method, path, query and header fields`() async throws {
        let meta = try await meta(
            "/function/echo/a/b?x=1&y=%20",
            fields: ["Content-Type: application/json", "X-Name: Zoë"]
        )

        #expect(
            meta.pairs.map(\.name) == [
                ":id", ":method", ":path", ":query", "content-type", "x-name",
            ]
        )
        #expect(meta[":id"].flatMap { InvocationID($0) } != nil)
        #expect(meta[":method"] == "POST")
        #expect(meta[":path"] == "/a/b")
        #expect(meta[":query"] == "x=1&y=%20")
        #expect(meta["content-type"] == "application/json")
        #expect(meta["x-name"] == "Zoë")
    }

    @Test func `without a query there is no line for one`() async throws {
        let meta = try await meta(fields: [])

        #expect(meta.pairs.map(\.name) == [":id", ":method", ":path"])
        #expect(meta[":path"] == "")
    }

    @Test(arguments: [
        "Authorization: Bearer secret", "HOST: other", "Connection: keep-alive",
        "Keep-Alive: timeout=5", "TE: trailers", "Upgrade: h2c", "Expect: 100-continue",
        "Content-Length: 2",
    ])
    func `what concerns the connection or the gateway is not the handler's`(
        field: String
    ) async throws {
        let edge = try Edge()
        let host = try edge.deploy()
        let connection = try await edge.connect()
        let length = field.hasPrefix("Content-Length") ? [] : ["content-length: 2"]
        let lines = ["POST /function/echo HTTP/1.1", field] + length + ["", "{}"]
        try await connection.send(lines.joined(separator: "\r\n"))

        let invocation = await host.next()

        #expect(invocation.request.meta.pairs.map(\.name) == [":id", ":method", ":path"])
        #expect(invocation.body == "{}")
        invocation.answer("")
        try await edge.stop()
    }

    @Test func `of two fields with one name the first counts`() async throws {
        let meta = try await meta(fields: ["X-A: 1", "x-a: 2", "X-B: 3", "X-A: 4"])

        #expect(meta.pairs.map(\.name).filter { $0 == "x-a" }.count == 1)
        #expect(meta["x-a"] == "1")
        #expect(meta["x-b"] == "3")
    }

    @Test(arguments: [
        "X-A: one\r\n two", "X-A: one\r\n\ttwo", "X-A: a\n:status: b", "X-A: a\rb", "X-A: a\n",
        ":id: 1", "X-A\n: 1", "X A: 1", "X-A : 1", ": 1",
    ])
    func `no field of a client's makes a line of its own`(field: String) async throws {
        let edge = try Edge()
        try edge.deploy { invocation in
            let names = invocation.request.meta.pairs.map(\.name)
            let isClean = names.allSatisfy { [":id", ":method", ":path", "x-a"].contains($0) }
            invocation.answer(
                isClean && names.prefix(3) == [":id", ":method", ":path"] ? "clean" : "\(names)"
            )
        }
        let connection = try await edge.connect()
        try await connection.post("{}", fields: [field])

        let answer = try await connection.answer()

        #expect(answer.status == 400 || answer.body == "clean", "\(answer)")
        try await edge.stop()
    }

    @Test func `header fields beyond a frame's room are refused`() async throws {
        let edge = try Edge()
        try edge.deploy { $0.answer("") }
        let connection = try await edge.connect()
        let fields = (0..<12).map { "x-\($0): " + String(repeating: "v", count: 6_000) }
        try await connection.post("{}", fields: fields)

        let answer = try await connection.answer()

        #expect(answer.status == 431)
        #expect(answer.code == "headersTooLarge")
        #expect(try await edge.records().isEmpty)
        try await edge.stop()
    }

    @Test func `thousands of small header fields are taken or refused`() async throws {
        let edge = try Edge()
        try edge.deploy { $0.answer("") }
        let connection = try await edge.connect()
        let fields = (0..<9_000).map { "\(String($0, radix: 36)):" }

        try await connection.post("{}", fields: fields)

        let answer = try await connection.answer()
        #expect([200, 431].contains(answer.status))
        #expect(try await edge.records().count == (answer.status == 200 ? 1 : 0))
        try await edge.stop()
    }
}
