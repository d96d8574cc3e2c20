import Billing
import Functions
import GatewayServer
import Instances
import Logging
import NIOCore
import NIOPosix
import RuntimeProtocol
import Synchronization
import Testing

/// On a real socket, whose buffers fill.
@Suite struct SlowClientTests {
    private static let pieceBytes = 64 << 10
    private static let (answerBytes, answerCount) = (2 << 20, 40)

    @Test func `a client that does not take its streamed answer is cut off`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let edge = try Edge([group.next()], .having(\.unsentBytesMax, 1 << 20))
        let host = try edge.deploy()
        let server = try await Self.serve(edge, group)
        let client = try await Self.post(to: server, group)
        let invocation = await host.next()
        let isCancelled = Atomic<Bool>(false)

        let piece = String(repeating: "x", count: Self.pieceBytes)
        invocation.begin(piece)
        async let reason = Self.reason(invocation, isCancelled)
        var pieceCount = 0
        while !isCancelled.load(ordering: .relaxed), pieceCount < 2_000 {
            invocation.goOn(piece)
            pieceCount += 1
            // In step with the loop: what a real instance says passes through its socket too.
            try await client.eventLoop.submit {}.get()
            await Task.yield()
        }

        #expect(pieceCount < 2_000)
        #expect(await reason == .clientGone)
        invocation.fail(.cancelled)
        #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
        try await client.close()
        try await server.close()
        try await edge.stop()
        try await group.shutdownGracefully()
    }

    @Test func `a client that takes its answers late gets every byte in order`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let edge = try Edge([group.next()], GatewayConfiguration())
        let host = try edge.deploy()
        let server = try await Self.serve(edge, group)
        let client = try await Self.post(to: server, group)
        let pieces = (0..<100).map { "\($0) " + String(repeating: "x", count: Self.pieceBytes) }

        let first = await host.next()
        first.begin(pieces[0])
        for piece in pieces[1...] { first.goOn(piece) }
        first.answer("end")
        // More than the sockets' buffers hold, and nobody reads.
        try await edge.oneRecordIsWritten(client.eventLoop)
        let received = Received()
        try await client.pipeline.addHandler(received)
        try await client.setOption(.autoRead, value: true).get()

        #expect(try await received.answer().body == pieces.joined() + "end")
        try await client.writeAndFlush(ByteBuffer(string: ClientConnection.request("y")))
        await host.next().answer(pieces.joined())
        #expect(try await received.answer().body == pieces.joined())
        try await client.close()
        try await server.close()
        try await edge.stop()
        try await group.shutdownGracefully()
    }

    @Test func `a client that does not take its answers is given no more of them`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let edge = try Edge([group.next()], GatewayConfiguration())
        let begun = Atomic<Int>(0)
        let text = String(repeating: "x", count: Self.answerBytes)
        try edge.deploy { invocation in
            begun.wrappingAdd(1, ordering: .relaxed)
            invocation.answer(text)
        }
        let server = try await Self.serve(edge, group)
        let client = try await Self.post(to: server, group)
        let more = String(repeating: ClientConnection.request("x"), count: Self.answerCount - 1)
        try await client.writeAndFlush(ByteBuffer(string: more))

        // As many as the sockets' buffers hold, and no more however long it is waited.
        try await edge.oneRecordIsWritten(client.eventLoop)
        for _ in 0..<1_000 { try await client.eventLoop.submit {}.get() }
        #expect(begun.load(ordering: .relaxed) < Self.answerCount / 2)

        let received = Received()
        try await client.pipeline.addHandler(received)
        try await client.setOption(.autoRead, value: true).get()
        for _ in 0..<Self.answerCount { #expect(try await received.answer().body == text) }
        try await client.close()
        try await server.close()
        try await edge.stop()
        try await group.shutdownGracefully()
    }

    private static func reason(
        _ invocation: ScriptedInvocation,
        _ isCancelled: borrowing Atomic<Bool>
    ) async -> CancelReason? {
        let reason = await invocation.cancellations.first { _ in true }
        isCancelled.store(true, ordering: .relaxed)
        return reason
    }

    private static func serve(
        _ edge: Edge,
        _ group: MultiThreadedEventLoopGroup
    ) async throws -> any Channel {
        let setup = edge.setup()
        let logger = Logger(label: "slow")
        return try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                setup.setup(channel: channel, logger: logger).map { value in
                    Task { await setup.handle(value: value, logger: logger) }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Sends a request on a connection that reads nothing.
    private static func post(
        to server: any Channel,
        _ group: MultiThreadedEventLoopGroup
    ) async throws -> any Channel {
        let address = try #require(server.localAddress)
        let client = try await ClientBootstrap(group: group)
            .channelOption(.autoRead, value: false)
            .connect(to: address).get()
        try await client.writeAndFlush(ByteBuffer(string: ClientConnection.request("x")))
        return client
    }
}

extension Edge {
    fileprivate func oneRecordIsWritten(_ loop: any EventLoop) async throws {
        while try await records().isEmpty { try await loop.submit {}.get() }
    }
}

/// Reads the answers on a real connection.
private final class Received: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let bytes: AsyncStream<ByteBuffer>
    private let sink: AsyncStream<ByteBuffer>.Continuation
    private let parser = Mutex(HTTPAnswerParser())

    init() { (bytes, sink) = AsyncStream.makeStream() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sink.yield(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) { sink.finish() }

    func answer() async throws -> HTTPAnswer {
        for await piece in bytes {
            let answer = try parser.withLock { parser in
                parser.feed(piece.readableBytesView)
                return try parser.next(isClosed: false)
            }
            if let answer { return answer }
        }
        throw ClientConnection.Closed()
    }
}
