package import Instances
package import NIOCore
package import RuntimeProtocol

/// The host's end of an instance's socket: frames in, frames out, and who waits for which stream.
///
/// Everything in it happens on the channel's event loop.
package final class InstanceHandler: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum State {
        case attaching(EventLoopPromise<UInt32>)
        case serving
        case closed
    }

    /// An invocation that has been sent and has not ended.
    private struct Running {
        let stream: UInt32
        let receiver: any InvocationReceiver
        /// The answer's head has come.
        var hasBegun = false
    }

    private var state: State
    private var decoder = FrameDecoder()
    private var running: [Running] = []
    private var context: ChannelHandlerContext?
    private var outgoing = ByteBuffer()
    private var isFlushScheduled = false
    /// The only invocation under way, while nothing more of its answer is read.
    private var pausedStream: UInt32?
    /// Room for a few small frames.
    private static let outgoingBytes = 1024
    private let device: Device
    private let payloadBytesMax: Int
    private let onOutput: (String, ByteBuffer) -> Void
    private let onClose: (_ fault: String?) -> Void

    /// Makes the handler of a process that waits to be attached to `device`.
    ///
    /// `attached` gets the microseconds that `attach` took, or fails. `onOutput` gets level and
    /// text of what is printed outside an invocation. `onClose` is called once, with the fault when
    /// the instance broke the protocol.
    package init(
        device: Device,
        payloadBytesMax: Int,
        attached: EventLoopPromise<UInt32>,
        onOutput: @escaping (String, ByteBuffer) -> Void,
        onClose: @escaping (_ fault: String?) -> Void
    ) {
        state = .attaching(attached)
        self.device = device
        self.payloadBytesMax = payloadBytesMax
        self.onOutput = onOutput
        self.onClose = onClose
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { attach(context) }
    }

    package func channelActive(context: ChannelHandlerContext) { attach(context) }

    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.feed(unwrapInboundIn(data))
        do throws(FrameError) {
            while let frame = try decoder.next() {
                guard frame.body.readableBytes <= payloadBytesMax, take(frame) else {
                    close("a frame of the kind \(frame.kind) out of place", context)
                    return
                }
            }
        } catch {
            close(error.description, context)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) { close(nil, context) }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(nil, context)
    }

    /// Sends an invocation; false when the instance is no longer there.
    package func invoke(
        _ request: InstanceRequest,
        stream: UInt32,
        receiver: any InvocationReceiver
    )
        -> Bool
    {
        guard let context, case .serving = state else { return false }
        resume()
        running.append(Running(stream: stream, receiver: receiver))
        var rest = request.body
        let metaBytes = request.meta.lines.readableBytes
        let first = rest.nextPiece()
        FrameHeader(
            payloadBytes: metaBytes + first.readableBytes,
            kind: .invoke,
            isEnd: request.isComplete && rest.readableBytes == 0,
            metaBytes: metaBytes,
            stream: stream,
            value: request.remainingMillis
        ).write(into: &outgoing)
        outgoing.writeImmutableBuffer(request.meta.lines)
        outgoing.writeImmutableBuffer(first)
        while rest.readableBytes > 0 {
            let piece = rest.nextPiece()
            let isEnd = request.isComplete && rest.readableBytes == 0
            Frame(.body, isEnd: isEnd, stream: stream, body: piece).write(into: &outgoing)
        }
        scheduleFlush(context)
        return true
    }

    package func send(_ frame: Frame) {
        guard let context, case .serving = state else { return }
        guard running.contains(where: { $0.stream == frame.stream }) else { return }
        send(frame, context)
    }

    /// Sends `cancel` at once and calls `sent` when the instance can read it.
    package func cancel(
        _ stream: UInt32,
        _ reason: CancelReason,
        sent: @escaping @Sendable () -> Void
    ) {
        guard let context, isRunning(stream) else { return }
        resume()
        send(Frame(.cancel, stream: stream, value: reason.rawValue), context)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess(sent)
        flush(promise: promise)
    }

    /// Stops reading, or goes on with it.
    ///
    /// It goes on with other invocations under way, which do not wait for the client of one.
    package func setPaused(_ isPaused: Bool, stream: UInt32) {
        if isPaused, running.count == 1, isRunning(stream) {
            pausedStream = stream
            setReading(false)
        } else if pausedStream == stream {
            resume()
        }
    }

    private func resume() {
        guard pausedStream != nil else { return }
        pausedStream = nil
        setReading(true)
    }

    private func setReading(_ isOn: Bool) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    package func isRunning(_ stream: UInt32) -> Bool { running.contains { $0.stream == stream } }

    /// Hands over every invocation that has not ended: called once the instance's end is known.
    package func abandon() -> [any InvocationReceiver] {
        defer { running = [] }
        return running.map(\.receiver)
    }

    private func attach(_ context: ChannelHandlerContext) {
        var meta = FrameMeta()
        meta.append(":device", device.rawValue)
        send(Frame(.attach, meta: meta), context)
    }

    /// Frames of one tick of the loop leave in one system call, and wake the instance once.
    private func send(_ frame: Frame, _ context: ChannelHandlerContext) {
        frame.write(into: &outgoing)
        scheduleFlush(context)
    }

    private func scheduleFlush(_ context: ChannelHandlerContext) {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.flush() }
    }

    private func flush(promise: EventLoopPromise<Void>? = nil) {
        isFlushScheduled = false
        guard let context, outgoing.readableBytes > 0 else { return }
        let buffer = outgoing
        outgoing = context.channel.allocator.buffer(capacity: Self.outgoingBytes)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }

    /// False when the frame may not come now.
    private func take(_ frame: Frame) -> Bool {
        switch (frame.kind, state) {
        case (.ready, .attaching(let promise)):
            state = .serving
            promise.succeed(frame.value)
            return true
        case (.attachFailed, .attaching(let promise)):
            promise.fail(InstanceError(attachFailure: frame.body))
            return true
        case (.log, _):
            log(frame)
            return true
        case (.result, .serving), (.chunk, .serving), (.error, .serving):
            return answer(frame)
        default: return false
        }
    }

    private func log(_ frame: Frame) {
        let level = frame.meta[":level"] ?? "info"
        guard let waiting = running.first(where: { $0.stream == frame.stream }) else {
            return onOutput(level, frame.body)
        }
        waiting.receiver.onLoop { $0.logged(level: level, frame.body) }
    }

    private func answer(_ frame: Frame) -> Bool {
        guard let index = running.firstIndex(where: { $0.stream == frame.stream }) else {
            return false
        }
        let receiver = running[index].receiver
        // A head comes once, before all pieces; only an error may come at any time.
        guard frame.kind == .error || (frame.kind == .chunk) == running[index].hasBegun else {
            return false
        }
        guard frame.isEnd else {
            guard frame.kind != .error else { return false }
            running[index].hasBegun = true
            if frame.kind == .result {
                receiver.onLoop { $0.began(frame.meta, frame.body) }
            } else {
                receiver.onLoop { $0.continued(frame.body) }
            }
            return true
        }
        running.remove(at: index)
        resume()
        let end: InvocationEnd
        if frame.kind == .error {
            let code = frame.meta[":code"].flatMap(InvocationFailureCode.init)
            end = .failed(code ?? .handlerRaised, frame.body, runMicros: frame.value)
        } else {
            end = .answered(frame.meta, frame.body, runMicros: frame.value)
        }
        let loop = receiver.eventLoop
        // Without a closure on the loop where nearly all are.
        if loop.inEventLoop { receiver.ended(end) } else { loop.execute { receiver.ended(end) } }
        return true
    }

    private func close(_ fault: String?, _ context: ChannelHandlerContext) {
        if case .closed = state { return }
        if case .attaching(let promise) = state {
            promise.fail(
                InstanceError(.attachRaised, fault ?? "the instance ended while it attached")
            )
        }
        state = .closed
        context.close(promise: nil)
        onClose(fault)
    }
}

extension ByteBuffer {
    /// What one frame takes of an input, with room for its meta.
    private static let pieceBytesMax = FrameHeader.payloadBytesMax / 4

    fileprivate mutating func nextPiece() -> ByteBuffer {
        let piece = self
        guard readableBytes > Self.pieceBytesMax else {
            moveReaderIndex(to: writerIndex)
            return piece
        }
        return readSlice(length: Self.pieceBytesMax) ?? piece
    }
}

extension InvocationReceiver {
    /// Calls `body` on the receiver's event loop: at once when this is it.
    @inline(__always)
    func onLoop(_ body: @escaping @Sendable (any InvocationReceiver) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }
}
