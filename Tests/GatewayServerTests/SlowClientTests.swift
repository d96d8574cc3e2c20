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
