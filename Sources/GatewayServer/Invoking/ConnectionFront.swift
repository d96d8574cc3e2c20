import Glibc
import NIOCore

/// Stands first in a connection's pipeline, where requests and answers are still bytes.
///
/// Plain requests for functions go from here to the invocation handler and their answers leave from
/// here, past the HTTP codecs between. The first request that is not plain, or not alone, ends
/// that: from then on all bytes of the connection take the way through the codecs, because only
/// the decoder knows where one request ends and the next begins.
final class ConnectionFront: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest request whose parts are put together here, in bytes.
    static let gatheredBytesMax = 64 << 10

    private(set) var context: ChannelHandlerContext?
    /// Whose requests these are; nil once all bytes go through the codecs.
    private var invocations: InvocationHandler?
    /// The connection's socket, while answers may be sent on it past the channel's queue; it is the
    /// channel's, and open as long as that is active.
    private var socket: NIOBSDSocket.Handle?
    /// Answers, or the rest of one, that wait in the channel's queue.
    private var queuedCount = 0
    private var gathered = ByteBuffer()
    /// The length of the request of which `gathered` is the beginning.
    private var wantedBytes = 0

    /// Nothing waits here for the client to take it; what the routes behind send does not count.
    var isClear: Bool { queuedCount == 0 }

    init(_ invocations: InvocationHandler) { self.invocations = invocations }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Handlers behind see nothing, so they need not be asked after each read either.
        setAutoRead(false, context)
        socket = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable { $0 }
        if context.channel.isActive { context.read() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        invocations = nil
        socket = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if invocations != nil { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let invocations else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        if gathered.readableBytes > 0 {
            gathered.writeImmutableBuffer(bytes)
            guard gathered.readableBytes >= wantedBytes else { return }
            bytes = gathered
            gathered = ByteBuffer()
        }
        switch invocations.take(bytes) {
        case .taken: break
        case .partial(let byteCount) where byteCount <= Self.gatheredBytesMax:
            gathered = bytes
            wantedBytes = byteCount
        case .partial, .notPlain: pass(bytes, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if invocations == nil { context.fireChannelReadComplete() } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        gathered = ByteBuffer()
        invocations = nil
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The rest will not come: the decoder says so of what there is.
        if gathered.readableBytes > 0, event as? ChannelEvent == .inputClosed {
            pass(gathered, context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// All bytes, these and what follows, are the decoder's.
    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        invocations?.endGathering()
        invocations = nil
        socket = nil
        gathered = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(bytes))
        setAutoRead(true, context)
    }

    private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    // MARK: Answers

    func send(_ bytes: ByteBuffer) {
        guard let context else { return }
        guard let socket else { return context.writeAndFlush(NIOAny(bytes), promise: nil) }
        var bytes = bytes
        if queuedCount == 0, context.channel.isActive {
            let sent = bytes.withUnsafeReadableBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // What an error is, the channel finds out.
            if sent == bytes.readableBytes { return }
            if sent > 0 { bytes.moveReaderIndex(forwardBy: sent) }
        }
        queuedCount += 1
        let left = context.eventLoop.makePromise(of: Void.self)
        left.futureResult.assumeIsolated().whenComplete { _ in self.queuedCount -= 1 }
        context.writeAndFlush(NIOAny(bytes), promise: left)
    }

    /// Closes the connection, or our side of it alone, once the bytes have left.
    func send(_ bytes: ByteBuffer, thenClose mode: CloseMode) {
        guard let context else { return }
        let sent = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        sent.futureResult.whenComplete { _ in channel.close(mode: mode, promise: nil) }
        context.writeAndFlush(NIOAny(bytes), promise: sent)
    }
}
