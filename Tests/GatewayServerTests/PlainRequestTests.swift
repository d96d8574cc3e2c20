import Functions
import GatewayServer
import Instances
import NIOCore
import RuntimeProtocol
import Synchronization
import TestSupport
import Testing

/// Requests that are read at the front of a connection, without the HTTP decoder.
@Suite struct PlainRequestTests {
    @Test func `what is read plainly is what the decoder reads`() async throws {
        try await withEdge { edge in
            let seen = Seen()
            try edge.deploy { invocation in
                seen.add(invocation)
                invocation.answer("answered")
            }
            let decoded = try await edge.connect()
            try await decoded.send("GET /healthz HTTP/1.1\r\n\r\n")
            _ = try await decoded.answer()
            let plain = try await edge.connect()
            var takenCount = 0

            for seed in 0..<1_500 {
                var draw = Draw(seed: UInt64(seed))
                let bytes = draw.request()
                var meta = ByteBuffer()
                guard let head = PlainRequest(bytes, meta: &meta),
                    head.headBytes + head.bodyBytes == bytes.readableBytes
                else { continue }
                takenCount += 1
                try await plain.send(bytes)
                try await decoded.send(bytes)
                let status = try await plain.answer().status
                #expect(try await decoded.answer().status == status, "seed \(seed)")
                let invocations = seen.takeAll()
                try #require(invocations.count == (status == 200 ? 2 : 0), "seed \(seed)")
                #expect(invocations.first == invocations.last, "seed \(seed)")
            }

            #expect(takenCount > 500)
            #expect(plain.isOpen && decoded.isOpen)
        }
    }

    @Test(arguments: [
        "GET /function/echo HTTP/1.1\r\n\r\n",
        "POST /functions/echo HTTP/1.1\r\n\r\n",
        "POST /function/ HTTP/1.1\r\n\r\n",
        "POST /function/e%20o HTTP/1.1\r\n\r\n",
        "POST /function/echo HTTP/1.0\r\n\r\n",
        "POST /function/echo#a HTTP/1.1\r\n\r\n",
        "POST /function/echo  HTTP/1.1\r\n\r\n",
        "POST /function/echo HTTP/1.1\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: b\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: b\r\n c\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\na : b\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\n: b\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: b\u{0}\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: b \r\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: ö\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: 1\r\nA: 2\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx",
        "POST /function/echo HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
        "POST /function/echo HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx",
        "POST /function/echo HTTP/1.1\r\nContent-Length:\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\ntransfer-encoding: identity\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nConnection: close\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\nConnection: keep-alive, upgrade\r\n\r\n",
        "POST /function/echo HTTP/1.1\r\na: b\r\n",
        "POST /function/echo HTTP/1.1\r\na: b\r\n\r",
        "POST /function/echo HT",
        "",
    ])
    func `what could be read in two ways is the decoder's`(text: String) {
        var meta = ByteBuffer()

        #expect(PlainRequest(ByteBuffer(string: text), meta: &meta) == nil)
    }

    @Test func `a head has room for so many fields and bytes`() {
        func isPlain(fieldCount: Int, valueBytes: Int) -> Bool {
            let value = String(repeating: "v", count: valueBytes)
            let fields = (0..<fieldCount).map { "f\($0): \(value)\r\n" }.joined()
            let text = "POST /function/echo HTTP/1.1\r\n\(fields)\r\n"
            var meta = ByteBuffer()
            return PlainRequest(ByteBuffer(string: text), meta: &meta) != nil
        }

        #expect(isPlain(fieldCount: PlainRequest.fieldCountMax, valueBytes: 1))
        #expect(!isPlain(fieldCount: PlainRequest.fieldCountMax + 1, valueBytes: 1))
        #expect(isPlain(fieldCount: 1, valueBytes: PlainRequest.headBytesMax - 38))
        #expect(!isPlain(fieldCount: 1, valueBytes: PlainRequest.headBytesMax - 37))
    }

    @Test func `a body that comes in pieces is waited for`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            let head = "POST /function/echo HTTP/1.1\r\ncontent-length: 6\r\n\r\n"

            for _ in 0..<3 {
                try await connection.send(head, "ab", "cd", "ef")
                #expect(try await connection.answer().body == "abcdef")
            }
        }
    }

    @Test func `a body longer than is put together is taken as well`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer("\($0.body.utf8.count)") }
            let connection = try await edge.connect()
            let body = String(repeating: "x", count: 200_000)

            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ncontent-length: 200000\r\n\r\n",
                body
            )
            #expect(try await connection.answer().body == "200000")
            try await connection.post("abc")
            #expect(try await connection.answer().body == "3")
        }
    }

    @Test func `a request that follows before the rest of another keeps its place`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()

            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ncontent-length: 4\r\n\r\nab",
                "cd" + ClientConnection.request("next"),
                ClientConnection.request("last")
            )

            for body in ["abcd", "next", "last"] {
                #expect(try await connection.answer().body == body)
            }
        }
    }

    @Test func `a function that takes its input as it comes gets it as it comes`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy(streamsInput: true)
            let connection = try await edge.connect()

            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ncontent-length: 4\r\n\r\nab"
            )
            let invocation = await host.next()
            try await connection.send("cd")

            #expect(await invocation.input() == "abcd")
            invocation.answer("done")
            #expect(try await connection.answer().body == "done")
        }
    }

    @Test func `a server that ends lets a request that has begun come to its end`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            try await connection.send("POST /function/echo HTTP/1.1\r\ncontent-length: 2\r\n\r\na")

            try await connection.quiesce()
            #expect(connection.isOpen)
            try await connection.send("b")

            let answer = try await connection.answer()
            #expect(answer.body == "ab")
            #expect(answer["connection"] == "close")
            #expect(await connection.rest() == "")
        }
    }

    @Test func `a body that does not come is given up`() async throws {
        try await withEdge(.having(\.requestMillisMax, 1_000)) { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            try await connection.send("POST /function/echo HTTP/1.1\r\ncontent-length: 2\r\n\r\na")

            let answer = try await connection.answerInTime()

            #expect(answer.status == 408)
            #expect(try await edge.records().isEmpty)
        }
    }
}

/// What reached the instance, without the ids.
private final class Seen: Sendable {
    private let invocations = Mutex<[[String]]>([])

    func add(_ invocation: ScriptedInvocation) {
        let lines = invocation.request.meta.pairs.filter { $0.name != ":id" }
        invocations.withLock {
            $0.append(lines.map { "\($0.name)=\($0.value)" } + ["\n" + invocation.body])
        }
    }

    func takeAll() -> [[String]] {
        invocations.withLock { invocations in
            defer { invocations = [] }
            return invocations
        }
    }
}

/// Requests that are nearly always right, and sometimes wrong in a byte or two.
private struct Draw {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func request() -> ByteBuffer {
        let body = String(repeating: "b", count: .random(in: 0...40, using: &random))
        var fields = ["content-length: \(body.utf8.count)"]
        for index in 0..<Int.random(in: 0...6, using: &random) { fields.append(field(index)) }
        fields.shuffle(using: &random)
        let target = pick(["echo", "echo", "echo", "echo/a/b", "echo?x=1&y=?", "echo/?", "other"])
        var bytes = Array(
            (["POST /function/\(target) HTTP/1.1"] + fields + ["", body])
                .joined(separator: "\r\n").utf8
        )
        for _ in 0..<pick([0, 0, 0, 1, 1, 2]) { spoil(&bytes) }
        return ByteBuffer(bytes: bytes)
    }

    private mutating func field(_ index: Int) -> String {
        pick([
            "Host: gateway:8080", "User-Agent: wrk", "Accept: */*", "Connection: keep-alive",
            "Connection: Keep-Alive", "keep-alive: timeout=5", "TE: trailers", "X-Revision: 1",
            "Authorization: Bearer key", "Cookie: a=1; b=2", "X-Sticky-Key: me", "x-\(index):",
            "x-\(index): \t",
            "x-\(index): \t spaced  out", "X_\(index).a: b:c", "x-\(index):tight", "Trailer: x-a",
        ])
    }

    private mutating func spoil(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let byte = pick(Array("\r\n\t :/?#-_aZ09\u{0}\u{7f}".utf8) + [0x80, 0xff])
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = byte
        case 1: bytes.insert(byte, at: place)
        default: bytes.remove(at: place)
        }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}
