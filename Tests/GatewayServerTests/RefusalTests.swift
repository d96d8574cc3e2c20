import Billing
import Functions
import GatewayAPI
import GatewayServer
import Instances
import Pooling
import RuntimeProtocol
import Testing

/// What every answer of the route `/function/NAME` says of itself, also one that refuses.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    /// A request that no instance gets.
    enum Refusal: String, CaseIterable {
        case malformed
        case withoutKey
        case withoutKeyToUnknown
        case foreignKey
        case unknownFunction
        case unknownRevision
        case otherMethod
        case tooSlow
        case tooLong
        case tooLongInChunks
        case fieldsTooLong
        case queueFull
        case notReady
        case unsupportedCoding

        var status: Int {
            switch self {
            case .malformed: 400
            case .withoutKey, .withoutKeyToUnknown: 401
            case .foreignKey: 403
            case .unknownFunction, .unknownRevision: 404
            case .otherMethod: 405
            case .tooSlow: 408
            case .tooLong, .tooLongInChunks: 413
            case .queueFull: 429
            case .fieldsTooLong: 431
            case .unsupportedCoding: 501
            case .notReady: 503
            }
        }
    }

    /// Bytes after which the rest of a connection is the decoder's.
    private static let unplain = "GET /healthz HTTP/1.1\r\n\r\n"

    @Test(arguments: Refusal.allCases, [true, false])
    func `a refusal has an id, its timing and no start kind`(
        refusal: Refusal,
        isPlain: Bool
    ) async throws {
        try await withEdge(Self.configuration(refusal)) { edge in
            let host = try edge.deployHeld {
                $0.limits.payloadBytes = 1000
                $0.scale.concurrency = 1
                $0.scale.queue = 1
            }
            let connection = try await edge.connect()
            if !isPlain {
                try await connection.send(Self.unplain)
                _ = try await connection.answer()
            }

            try await Self.ask(refusal, edge, host, connection)
            let answer = try await connection.answerInTime()

            #expect(answer.status == refusal.status)
            let id = try #require(answer["x-invocation-id"])
            #expect(InvocationID(id) != nil)
            #expect(try answer.problem().instance == id)
            #expect(answer["x-start-kind"] == nil)
            #expect(answer["server-timing"] == "queue;dur=0, start;dur=0, run;dur=0")
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test func `every refusal has an id of its own`() async throws {
        try await withEdge { edge in
            let connection = try await edge.connect()
            var ids: Set<String> = []
            for _ in 0..<20 {
                try await connection.post()
                ids.insert(try #require(try await connection.answer()["x-invocation-id"]))
            }

            #expect(ids.count == 20)
        }
    }

    @Test func `a streamed input over the limit is refused in its invocation's name`() async throws
    {
        try await withEdge { edge in
            let host = try edge.deployHeld(streamsInput: true) { $0.limits.payloadBytes = 10 }
            let connection = try await edge.connect()
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n"
            )
            let invocation = await host.next()

            try await connection.send("6\r\n123456\r\n")

            let answer = try await connection.answer()
            #expect(answer.status == 413)
            #expect(answer["x-invocation-id"] == invocation.id?.description)
            #expect(answer["x-start-kind"] == "cold")
            invocation.fail(.cancelled)
            #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
            #expect(try await edge.records().map(\.id) == [invocation.id])
        }
    }

    private static func configuration(_ refusal: Refusal) -> GatewayConfiguration {
        let key = APIKeyFixture()
        return switch refusal {
        case .withoutKey, .withoutKeyToUnknown, .foreignKey:
            .having(\.keys, [key.local, key.other])
        case .tooSlow: .having(\.requestMillisMax, 1)
        default: GatewayConfiguration()
        }
    }

    /// Sends what is refused.
    private static func ask(
        _ refusal: Refusal,
        _ edge: Edge,
        _ host: ScriptedHost,
        _ connection: ClientConnection
    ) async throws {
        let long = String(repeating: "x", count: 1001)
        switch refusal {
        case .malformed:
            try await connection.send("POST /function/echo HTTP/1.1\r\nno colon\r\n\r\n")
        case .withoutKey: try await connection.post()
        case .withoutKeyToUnknown: try await connection.post(to: "/function/none")
        case .foreignKey:
            let key = APIKeyFixture().otherText
            try await connection.post(fields: ["authorization: Bearer \(key)"])
        case .unknownFunction: try await connection.post(to: "/function/none")
        case .unknownRevision: try await connection.post(fields: ["x-revision: 9"])
        case .otherMethod: try await connection.send(ClientConnection.request("", method: "PUT"))
        case .tooSlow:
            try await connection.send("POST /function/echo HTTP/1.1\r\ncontent-length: 2\r\n\r\na")
        case .tooLong: try await connection.post(long)
        case .tooLongInChunks:
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
                "3e9\r\n\(long)\r\n"
            )
        case .fieldsTooLong:
            let value = String(repeating: "v", count: 7000)
            try await connection.post(fields: (0..<10).map { "x-\($0): \(value)" })
        case .unsupportedCoding:
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
                "1\r\nx\r\n0\r\n\r\n"
            )
        case .queueFull:
            for _ in 0..<2 { try await edge.connect().post() }
            _ = await host.next()
            let pool = try #require(edge.dispatcher.route("echo")).pool
            while pool.snapshot.waiting == 0 { await Task.yield() }
            try await connection.post()
        case .notReady:
            host.refuseStarts(InstanceError(.load(.importRaised), "it does not import"))
            try await connection.post()
        }
    }
}
