import GatewayServer
import Logging
import NIOCore
import NIOEmbedded
import Testing

/// A client's end of a connection: what it sends is cut as the test wants, what it gets is read as
/// HTTP.
final class ClientConnection {
    struct Closed: Error {}

    let channel: NIOAsyncTestingChannel
    private let tap: Tap
    private let serving: Task<Void, Never>
    private var received: AsyncStream<ByteBuffer>.Iterator
    private var parser = HTTPAnswerParser()
    private var isEnded = false

    /// Copies what leaves the gateway.
    private final class Tap: ChannelDuplexHandler, Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        let bytes: AsyncStream<ByteBuffer>
        private let sink: AsyncStream<ByteBuffer>.Continuation

        init() { (bytes, sink) = AsyncStream.makeStream() }

        func write(
            context: ChannelHandlerContext,
            data: NIOAny,
            promise: EventLoopPromise<Void>?
        ) {
            sink.yield(unwrapOutboundIn(data))
            promise?.succeed()
        }

        func channelInactive(context: ChannelHandlerContext) {
            sink.finish()
            context.fireChannelInactive()
        }
    }

    init(loop: NIOAsyncTestingEventLoop, setup: InvocationChannel) async throws {
        let channel = NIOAsyncTestingChannel(loop: loop)
        let tap = Tap()
        let logger = Logger(label: "connection")
        self.channel = channel
        self.tap = tap
        received = tap.bytes.makeAsyncIterator()
        try await channel.register().get()
        let value = try await loop.flatSubmit {
            channel.pipeline.addHandler(tap).flatMap {
                setup.setup(channel: channel, logger: logger)
            }
        }.get()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        serving = Task { await setup.handle(value: value, logger: logger) }
    }

    /// Sends text as it stands; each piece is read by the gateway by itself.
    func send(_ pieces: String...) async throws {
        for piece in pieces { try await send(ByteBuffer(string: piece)) }
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await channel.writeInbound(bytes)
        await channel.testingEventLoop.run()
    }

    /// A socket is asked for more after each read; this channel is not.
    func askForMore() async {
        channel.read()
        await channel.testingEventLoop.run()
    }

    /// Sends a whole request for a function.
    func post(
        _ body: String = "",
        to target: String = "/function/echo",
        fields: [String] = []
    ) async throws {
        try await send(Self.request(body, to: target, fields: fields))
    }

    static func request(
        _ body: String,
        to target: String = "/function/echo",
        method: String = "POST",
        fields: [String] = []
    ) -> String {
        let lines =
            ["\(method) \(target) HTTP/1.1", "host: gateway"] + fields
            + ["content-length: \(body.utf8.count)", "", body]
        return lines.joined(separator: "\r\n")
    }

    /// The next answer; throws `Closed` when the connection ends before it is whole.
    func answer() async throws -> HTTPAnswer {
        while true {
            if let answer = try parser.next(isClosed: isEnded) { return answer }
            guard !isEnded else { throw Closed() }
            guard let bytes = await received.next() else {
                isEnded = true
                continue
            }
            parser.feed(bytes.readableBytesView)
        }
    }

    /// The next answer, while the gateway's timers go on.
    func answerInTime() async throws -> HTTPAnswer {
        let loop = channel.testingEventLoop
        let clock = Task {
            while !Task.isCancelled {
                await loop.advanceTime(by: .milliseconds(100))
                await Task.yield()
            }
        }
        defer { clock.cancel() }
        return try await answer()
    }

    /// Bytes that came after the last answer, once the connection has ended.
    func rest(inTime: Bool = false) async -> String {
        let loop = channel.testingEventLoop
        let clock = Task {
            while inTime, !Task.isCancelled {
                await loop.advanceTime(by: .milliseconds(100))
                await Task.yield()
            }
        }
        defer { clock.cancel() }
        while !isEnded {
            guard let bytes = await received.next() else {
                isEnded = true
                break
            }
            parser.feed(bytes.readableBytesView)
        }
        return parser.rest
    }

    /// The client goes away.
    func close() async {
        try? await channel.close()
        await channel.testingEventLoop.run()
        await serving.value
    }

    /// The client closes its side, and still reads.
    func finishSending() async throws {
        let channel = channel
        try await channel.testingEventLoop.executeInContext {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        await channel.testingEventLoop.run()
    }

    /// The server is asked to let its connections end.
    func quiesce() async throws {
        let channel = channel
        try await channel.testingEventLoop.executeInContext {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        await channel.testingEventLoop.run()
    }

    var isOpen: Bool { channel.isActive }
}
