import GatewayAPI
import Instances
import NIOCore
import NIOHTTP1
import RuntimeProtocol

/// One client connection: takes the requests for functions, passes all others on to the routes behind.
///
/// Stands after the HTTP decoder and before the routes' codec. Requests of one connection are answered
/// in their order: what a client pipelines is held while an answer is pending.
final class InvocationHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        /// Between requests.
        case idle
        /// A request of another route is under way; `isWhole` once all of it has been passed on.
        case passing(isWhole: Bool)
        /// An input gathers until it is whole.
        case receiving(Receiving)
        /// An input that the handler takes as it arrives.
        case streaming(RunningInvocation, bytes: Int, keepAlive: Bool)
        /// The input is whole and the answer pending.
        case answering(RunningInvocation, keepAlive: Bool)
        /// Answered before the request was whole: the rest is dropped.
        case discarding(keepAlive: Bool)
        case closed
    }

    struct Receiving {
        let head: HTTPRequestHead
        let target: InvocationTarget
        let route: Route
        let acceptedAt: UInt64
        let acceptedAtMicros: Int64
        var body: ByteBuffer
    }

    let dispatcher: Dispatcher
    let authorizer: Authorizer
    private let writer: RawWriter
    var state = State.idle
    var context: ChannelHandlerContext?
    private var held = CircularBuffer<HTTPServerRequestPart>()
    private var isReadPending = false
    private var isReleasing = false
    private var hasPassed = false
    private var isQuiescing = false
    private(set) var didBeginAnswer = false
    /// When the connection is closed unless something happens; nil while something is under way.
    private var closesAt: UInt64?
    private var patrol: RepeatedTask?

    init(dispatcher: Dispatcher, authorizer: Authorizer, writer: RawWriter) {
        self.dispatcher = dispatcher
        self.authorizer = authorizer
        self.writer = writer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        closesAt = after(dispatcher.configuration.idleMillisMax)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        patrol = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(1),
            delay: .seconds(1)
        ) { _ in bound.value.closeIfDue() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        patrol?.cancel()
        self.context = nil
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isReleasing || !held.isEmpty || !takesParts {
            held.append(part)
            release(context)
        } else {
            take(part, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasPassed {
            hasPassed = false
            context.fireChannelReadComplete()
        }
    }

    func read(context: ChannelHandlerContext) {
        // A client that pipelines without end waits in its own socket's buffer.
        if held.count < dispatcher.configuration.heldPartsMax {
            context.read()
        } else {
            isReadPending = true
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where !isPassing:
            // Nobody waits for an answer on a connection that was closed.
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            if case .idle = state { context.close(promise: nil) } else { passEvent(context, event) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isPassing else {
            return context.fireErrorCaught(error)
        }
        // What follows cannot be told from this request any more.
        if case .answering = state { return context.close(promise: nil) }
        refuse(Problem(parsing: error), context: context, keepAlive: false)
    }

    // MARK: Outbound: answers of the routes behind

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        context.write(data, promise: promise)
        guard case .end = part, case .passing(let isWhole) = state else { return }
        if isWhole { becomeIdle(context) } else { state = .passing(isWhole: false) }
        if case .passing = state { hasAnsweredEarly = true }
    }

    private var hasAnsweredEarly = false
}

// Taking parts.
extension InvocationHandler {
    private var isPassing: Bool { if case .passing = state { true } else { false } }

    /// Whether the next part belongs to what is under way, or begins something new.
    private var takesParts: Bool {
        switch state {
        case .idle, .receiving, .streaming, .discarding, .passing(isWhole: false): true
        case .passing(isWhole: true), .answering, .closed: false
        }
    }

    private func release(_ context: ChannelHandlerContext) {
        guard !isReleasing else { return }
        isReleasing = true
        while takesParts, let part = held.popFirst() { take(part, context) }
        isReleasing = false
        if hasPassed {
            hasPassed = false
            context.fireChannelReadComplete()
        }
        if isReadPending, held.count < dispatcher.configuration.heldPartsMax {
            isReadPending = false
            context.read()
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(let body), .receiving(var receiving)):
            state = .idle
            guard
                receiving.body.readableBytes + body.readableBytes
                    <= receiving.route.payloadBytesMax
            else {
                state = .receiving(receiving)
                return tooLarge(receiving.route, context)
            }
            receiving.body.append(body)
            state = .receiving(receiving)
        case (.end, .receiving(let receiving)): invoke(receiving, context)
        case (.body(let body), .streaming(let invocation, let bytes, let keepAlive)):
            stream(body, of: invocation, bytes: bytes, keepAlive: keepAlive, context)
        case (.end, .streaming(let invocation, _, let keepAlive)):
            state = .answering(invocation, keepAlive: keepAlive)
            closesAt = nil
            invocation.send(InputPiece(body: ByteBuffer(), isLast: true))
        case (.end, .discarding(let keepAlive)):
            if keepAlive { becomeIdle(context) } else { context.close(promise: nil) }
        case (_, .discarding): break
        case (_, .passing): pass(part, context)
        default: context.close(promise: nil)
        }
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .end = part {
            if hasAnsweredEarly {
                hasAnsweredEarly = false
                becomeIdle(context)
            } else {
                state = .passing(isWhole: true)
            }
        }
        hasPassed = true
        context.fireChannelRead(wrapInboundOut(part))
    }

    private func passEvent(_ context: ChannelHandlerContext, _ event: Any) {
        if isPassing { context.fireUserInboundEventTriggered(event) }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard let target = InvocationTarget(head.uri) else {
            closesAt = nil
            state = .passing(isWhole: false)
            return pass(.head(head), context)
        }
        closesAt = after(dispatcher.configuration.requestMillisMax)
        let keepAlive = head.isKeepAlive && !isQuiescing
        guard head.method == .POST else {
            let problem = Problem(.methodNotAllowed, detail: "A function is invoked with POST.")
            return refuse(problem, context: context, keepAlive: keepAlive)
        }
        guard let route = dispatcher.route(target.name) else {
            return refuse(
                Problem(
                    .functionNotFound,
                    detail: "There is no function \(target.name): see `faas list`."
                ),
                context: context,
                keepAlive: keepAlive
            )
        }
        if let problem = authorizer.refusal(head.headers, account: route.accountName) {
            return refuse(problem, context: context, keepAlive: keepAlive)
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) }
        if let length, length > route.payloadBytesMax { return tooLarge(route, context) }
        if head.headers.contains(name: "expect") { writeContinue(context) }
        let receiving = Receiving(
            head: head,
            target: target,
            route: route,
            acceptedAt: Clock.monotonicNanos(),
            acceptedAtMicros: Clock.wallMicros(),
            body: ByteBuffer()
        )
        if route.streamsInput {
            invoke(receiving, context, isStreaming: true)
        } else {
            state = .receiving(receiving)
        }
    }

    private func invoke(
        _ receiving: Receiving,
        _ context: ChannelHandlerContext,
        isStreaming: Bool = false
    ) {
        let id = dispatcher.makeID(acceptedAtMicros: receiving.acceptedAtMicros)
        let keepAlive = receiving.head.isKeepAlive && !isQuiescing
        guard let meta = FrameMeta(receiving.head, target: receiving.target, id: id) else {
            let problem = Problem(
                .headersTooLarge,
                detail: "The header fields are over 64 KiB together."
            )
            return refuse(problem, context: context, keepAlive: false)
        }
        didBeginAnswer = false
        let request = InstanceRequest(
            meta: meta,
            body: receiving.body,
            isComplete: !isStreaming,
            remainingMillis: 0
        )
        let invocation = dispatcher.makeInvocation(
            request,
            id: id,
            route: receiving.route,
            acceptedAtMicros: receiving.acceptedAtMicros,
            acceptedAt: receiving.acceptedAt,
            eventLoop: context.eventLoop,
            receiver: self
        )
        if isStreaming {
            state = .streaming(invocation, bytes: 0, keepAlive: keepAlive)
        } else {
            closesAt = nil
            state = .answering(invocation, keepAlive: keepAlive)
        }
        // It may be over before this returns, so it begins once the state says that it runs.
        invocation.start()
    }

    private func stream(
        _ body: ByteBuffer,
        of invocation: RunningInvocation,
        bytes: Int,
        keepAlive: Bool,
        _ context: ChannelHandlerContext
    ) {
        let bytes = bytes + body.readableBytes
        guard bytes <= invocation.route.payloadBytesMax else {
            invocation.clientGone()
            return tooLarge(invocation.route, context)
        }
        state = .streaming(invocation, bytes: bytes, keepAlive: keepAlive)
        closesAt = after(dispatcher.configuration.requestMillisMax)
        invocation.send(InputPiece(body: body, isLast: false))
    }
}

// Answering.
extension InvocationHandler: AnswerReceiver {
    func answerBegan(_ head: AnswerHead, _ body: ByteBuffer) {
        guard let context else { return }
        didBeginAnswer = true
        var buffer = context.channel.allocator.buffer(capacity: 512 + body.readableBytes)
        AnswerBytes.chunked(head, body, keepAlive: keepsAlive, into: &buffer)
        send(buffer, context)
    }

    func answerContinued(_ body: ByteBuffer) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 16 + body.readableBytes)
        AnswerBytes.chunk(body, into: &buffer)
        send(buffer, context)
        if isOverflowing(context) { context.close(promise: nil) }
    }

    func answerEnded(_ end: AnswerEnd) {
        guard let context else { return }
        let keepAlive = keepsAlive
        switch end {
        case .whole(let head, let body):
            var buffer = context.channel.allocator.buffer(capacity: 320 + body.readableBytes)
            AnswerBytes.whole(head, body, keepAlive: keepAlive, into: &buffer)
            send(buffer, context)
        case .last(_, let body):
            var buffer = context.channel.allocator.buffer(capacity: 32 + body.readableBytes)
            AnswerBytes.chunk(body, into: &buffer)
            AnswerBytes.lastChunk(into: &buffer)
            send(buffer, context)
        case .problem(let head, let problem, _):
            var buffer = context.channel.allocator.buffer(capacity: 1024)
            AnswerBytes.problem(problem, head: head, keepAlive: keepAlive, into: &buffer)
            send(buffer, context)
        case .broken:
            // A chunked body without its last chunk tells the client that it is not whole.
            return context.close(promise: nil)
        }
        answered(keepAlive: keepAlive, context)
    }

    private var keepsAlive: Bool {
        switch state {
        case .answering(_, let keepAlive), .streaming(_, _, let keepAlive):
            keepAlive && !isQuiescing
        default: false
        }
    }

    private func answered(keepAlive: Bool, _ context: ChannelHandlerContext) {
        if case .streaming = state {
            state = .discarding(keepAlive: keepAlive)
            return
        }
        guard keepAlive else { return context.close(promise: nil) }
        becomeIdle(context)
    }

    private func becomeIdle(_ context: ChannelHandlerContext) {
        state = .idle
        closesAt = after(dispatcher.configuration.idleMillisMax)
        if isQuiescing, held.isEmpty { return context.close(promise: nil) }
        if !held.isEmpty { release(context) }
    }

    private func tooLarge(_ route: Route, _ context: ChannelHandlerContext) {
        let problem = Problem(
            .payloadTooLarge,
            detail: "\(route.functionName) takes \(route.payloadBytesMax) bytes at most "
                + "(limits.payload)."
        )
        route.metrics.rejected(.payloadTooLarge)
        refuse(problem, context: context, keepAlive: false)
    }

    /// Answers before anything was invoked, and drops what is left of the request.
    private func refuse(_ problem: Problem, context: ChannelHandlerContext, keepAlive: Bool) {
        var buffer = context.channel.allocator.buffer(capacity: 512)
        AnswerBytes.problem(problem, head: nil, keepAlive: keepAlive, into: &buffer)
        send(buffer, context)
        state = .discarding(keepAlive: keepAlive)
        // A client that is still sending would lose the answer to a reset: it gets time to read it.
        if !keepAlive { closesAt = after(Self.lingerMillis) }
    }

    private func writeContinue(_ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: 32)
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        send(buffer, context)
    }

    /// Past the HTTP encoder: the bytes are a message already.
    private func send(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
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

// Ending.
extension InvocationHandler {
    private func end() {
        switch state {
        case .answering(let invocation, _), .streaming(let invocation, _, _):
            invocation.clientGone()
        default: break
        }
        state = .closed
        held.removeAll()
        patrol?.cancel()
    }

    private func closeIfDue() {
        guard let closesAt, Clock.monotonicNanos() >= closesAt, let context else { return }
        if case .receiving = state {
            let problem = Problem(
                .requestTimedOut,
                detail: "The request took longer than "
                    + "\(dispatcher.configuration.requestMillisMax) ms to arrive."
            )
            refuse(problem, context: context, keepAlive: false)
        } else {
            context.close(promise: nil)
        }
    }

    private func after(_ millis: Int) -> UInt64 {
        Clock.monotonicNanos() + UInt64(millis) * 1_000_000
    }
}

extension ByteBuffer {
    /// The first piece is taken over rather than copied.
    fileprivate mutating func append(_ piece: ByteBuffer) {
        if readableBytes == 0 { self = piece } else { writeImmutableBuffer(piece) }
    }
}
