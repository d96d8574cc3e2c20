import GatewayAPI
import NIOCore
import RuntimeProtocol

/// Sending answers out.
extension InvocationHandler: AnswerReceiver {
    func answerBegan(_ head: AnswerHead, _ body: ByteBuffer) {
        hasBegunAnswer = true
        answer.clear(minimumCapacity: 512 + body.readableBytes)
        answerHasBody = AnswerBytes.begin(
            head,
            body,
            chunked: usesChunks,
            keepAlive: keepAlive && !isQuiescing && usesChunks,
            into: &answer
        )
        front.send(answer)
    }

    func answerContinued(_ body: ByteBuffer) {
        guard let context else { return }
        front.send(piece(body, isLast: false, context))
        guard !context.channel.isWritable,
            unsentBytes(context) > dispatcher.configuration.unsentBytesMax
        else { return }
        if case .answering(let invocation) = state {
            let detail = "the client took the answer too slowly beside others of its instance\n"
            invocation.logged(level: "warning", ByteBuffer(string: detail))
        }
        context.close(promise: nil)
    }

    func answerEnded(_ end: AnswerEnd) {
        guard let context else { return }
        if isQuiescing { keepAlive = false }
        switch end {
        case .whole(let head, let body):
            answer.clear(minimumCapacity: 320 + body.readableBytes)
            AnswerBytes.whole(head, body, keepAlive: keepAlive, into: &answer)
            answered(answer, context)
        case .last(_, let body):
            keepAlive = keepAlive && usesChunks
            answered(piece(body, isLast: true, context), context)
        case .problem(let head, let problem, _):
            answer.clear(minimumCapacity: 1024)
            AnswerBytes.problem(problem, head: head, keepAlive: keepAlive, into: &answer)
            answered(answer, context)
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

    private func answered(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if case .streaming = state {
            // The answer came before the input was whole.
            front.send(bytes)
            state = .discarding
        } else if keepAlive {
            front.send(bytes)
            becomeIdle(context)
        } else {
            closeOnceSent(bytes)
        }
        if answer.capacity > Self.keptBytesMax { answer = ByteBuffer() }
    }

    func becomeIdle(_ context: ChannelHandlerContext) {
        state = .idle
        closesAt = after(dispatcher.configuration.idleMillisMax)
        if isQuiescing, held.isEmpty { return closeOnceSent() }
        release(context)
    }

    /// Closes once all answers have left, these bytes the last of them, and drops what still comes.
    func closeOnceSent(_ bytes: ByteBuffer = ByteBuffer()) {
        state = .discarding
        keepAlive = false
        closesAt = after(dispatcher.configuration.idleMillisMax)
        front.send(bytes, thenClose: .all)
    }

    /// Refuses a body over the limit; `head` is that of the invocation that took part of it.
    func tooLarge(
        _ route: Route,
        _ context: ChannelHandlerContext,
        head: AnswerHead? = nil
    ) {
        let problem = Problem(
            .payloadTooLarge,
            detail: "\(route.functionName) takes \(route.payloadBytesMax) bytes at most "
                + "(limits.payload)."
        )
        // One that took part of it is counted by how it ended.
        if head == nil { route.metrics.rejected(.payloadTooLarge) }
        refuse(problem, head: head, context: context, keepAlive: false)
    }

    /// Answers before the request was whole or anything was invoked, and drops what is left of it.
    ///
    /// Such an answer has an id of its own too, by which client and operator can speak of it.
    func refuse(
        _ problem: Problem,
        head: AnswerHead? = nil,
        context: ChannelHandlerContext,
        keepAlive: Bool,
        isBodyless: Bool = false
    ) {
        var buffer = context.channel.allocator.buffer(capacity: 512)
        AnswerBytes.problem(
            problem,
            head: head
                ?? AnswerHead(
                    refused: dispatcher.makeID(acceptedAtMicros: Clock.wallMicros())
                ),
            keepAlive: keepAlive,
            isBodyless: isBodyless,
            into: &buffer
        )
        state = .discarding
        self.keepAlive = keepAlive
        guard !keepAlive else { return front.send(buffer) }
        // A client that is still sending would lose the answer to a reset: it sees the end of the
        // answer and gets time to read it.
        closesAt = after(Self.lingerMillis)
        front.send(buffer, thenClose: .output)
    }

    func writeContinue(_ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: 32)
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        front.send(buffer)
    }

    /// What waits for the client to take it.
    func unsentBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    static let lingerMillis = 2000
    /// A buffer that grew longer for one answer is not kept for the next.
    private static let keptBytesMax = 4096
}
