import GatewayAPI
import NIOCore
import RuntimeProtocol

/// Sending answers out.
extension InvocationHandler: AnswerReceiver {
    func answerBegan(_ head: AnswerHead, _ body: ByteBuffer) {
        guard let context else { return }
        hasBegunAnswer = true
        var buffer = context.channel.allocator.buffer(capacity: 512 + body.readableBytes)
        answerHasBody = AnswerBytes.begin(
            head,
            body,
            chunked: usesChunks,
            keepAlive: keepsAlive && usesChunks,
            into: &buffer
        )
        writer.send(buffer)
    }

    func answerContinued(_ body: ByteBuffer) {
        guard let context else { return }
        writer.send(piece(body, isLast: false, context))
        if isOverflowing(context) { context.close(promise: nil) }
    }

    func answerEnded(_ end: AnswerEnd) {
        guard let context else { return }
        let keepAlive = keepsAlive
        switch end {
        case .whole(let head, let body):
            var buffer = context.channel.allocator.buffer(capacity: 320 + body.readableBytes)
            AnswerBytes.whole(head, body, keepAlive: keepAlive, into: &buffer)
            answered(buffer, keepAlive: keepAlive, context)
        case .last(_, let body):
            let buffer = piece(body, isLast: true, context)
            answered(buffer, keepAlive: keepAlive && usesChunks, context)
        case .problem(let head, let problem, _):
            var buffer = context.channel.allocator.buffer(capacity: 1024)
            AnswerBytes.problem(problem, head: head, keepAlive: keepAlive, into: &buffer)
            answered(buffer, keepAlive: keepAlive, context)
        case .broken:
            // A chunked body without its last chunk tells the client that it is not whole.
            context.close(promise: nil)
        }
    }

    private func piece(
        _ body: ByteBuffer,
        isLast: Bool,
        _ context: ChannelHandlerContext
    ) -> ByteBuffer {
        guard answerHasBody else { return ByteBuffer() }
        guard usesChunks else { return body }
        var buffer = context.channel.allocator.buffer(capacity: 32 + body.readableBytes)
        AnswerBytes.chunk(body, into: &buffer)
        if isLast { AnswerBytes.lastChunk(into: &buffer) }
        return buffer
    }

    private var keepsAlive: Bool {
        switch state {
        case .answering(_, let keepAlive), .streaming(_, _, let keepAlive):
            keepAlive && !isQuiescing
        default: false
        }
    }

    private func answered(
        _ buffer: ByteBuffer,
        keepAlive: Bool,
        _ context: ChannelHandlerContext
    ) {
        if case .streaming = state {
            // The answer came before the input was whole.
            writer.send(buffer)
            state = .discarding(keepAlive: keepAlive)
        } else if keepAlive {
            writer.send(buffer)
            becomeIdle(context)
        } else {
            state = .discarding(keepAlive: false)
            writer.sendAndClose(buffer)
        }
    }

    func becomeIdle(_ context: ChannelHandlerContext) {
        state = .idle
        closesAt = after(dispatcher.configuration.idleMillisMax)
        if isQuiescing, held.isEmpty { return context.close(promise: nil) }
        if !held.isEmpty { release(context) }
    }

    func tooLarge(_ route: Route, _ context: ChannelHandlerContext) {
        let problem = Problem(
            .payloadTooLarge,
            detail: "\(route.functionName) takes \(route.payloadBytesMax) bytes at most "
                + "(limits.payload)."
        )
        route.metrics.rejected(.payloadTooLarge)
        refuse(problem, context: context, keepAlive: false)
    }

    /// Answers before anything was invoked, and drops what is left of the request.
    func refuse(
        _ problem: Problem,
        context: ChannelHandlerContext,
        keepAlive: Bool,
        isBodyless: Bool = false
    ) {
        var buffer = context.channel.allocator.buffer(capacity: 512)
        AnswerBytes.problem(
            problem,
            head: nil,
            keepAlive: keepAlive,
            isBodyless: isBodyless,
            into: &buffer
        )
        state = .discarding(keepAlive: keepAlive)
        guard !keepAlive else { return writer.send(buffer) }
        // A client that is still sending would lose the answer to a reset: it sees the end of the
        // answer and gets time to read it.
        closesAt = after(Self.lingerMillis)
        writer.sendAndCloseOutput(buffer)
    }

    func writeContinue(_ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: 32)
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        writer.send(buffer)
    }

    /// Whether the client takes a streamed answer so slowly that what waits for it is too much.
    private func isOverflowing(_ context: ChannelHandlerContext) -> Bool {
        guard !context.channel.isWritable, let options = context.channel.syncOptions,
            let unsent = try? options.getOption(.bufferedWritableBytes)
        else { return false }
        return unsent > dispatcher.configuration.unsentBytesMax
    }

    private static let lingerMillis = 2000
}
