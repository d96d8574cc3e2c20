import GatewayAPI
import Instances
import NIOCore
import NIOHTTP1
import RuntimeProtocol

/// One client connection: takes the requests for functions, passes all others on to the routes
/// behind.
///
/// Stands after the HTTP decoder and before the routes' codec. Requests of one connection are
/// answered in their order: what a client pipelines is held while an answer is pending.
final class InvocationHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        /// Between requests.
        case idle
        /// The front has the beginning of a plain request.
        case gathering
        /// A request of another route is under way: whether all of it has been passed on, and
        /// whether its answer has been.
        case passing(isWhole: Bool, isAnswered: Bool)
        /// An input gathers until it is whole.
        case receiving(Receiving)
        /// An input that the handler takes as it arrives.
        case streaming(RunningInvocation, bytes: Int)
        /// The input is whole and the answer pending.
        case answering(RunningInvocation)
        /// Answered before the request was whole: the rest is dropped.
        case discarding
        case closed
    }

    struct Receiving {
        let head: HTTPRequestHead
        let target: InvocationTarget
        let route: Route
        let accepted: Acceptance
        var body: ByteBuffer
    }

    /// When a request's head had come.
    struct Acceptance {
        let nanos = Clock.monotonicNanos()
        let wallMicros = Clock.wallMicros()
    }

    let dispatcher: Dispatcher
    let authorizer: Authorizer
    /// Where answers leave; it stands before the codecs.
    private(set) lazy var front = ConnectionFront(self)
    var state = State.idle
    /// The connection outlives the request under way.
    var keepAlive = false
    var context: ChannelHandlerContext?
    /// The connection's, once it has had a request for a function.
    var loop: InvocationLoop?
    var held = CircularBuffer<HTTPServerRequestPart>()
    var isReadPending = false
    var isReleasing = false
    /// Something was passed on since the last `channelReadComplete`.
    var hasPassed = false
    var isQuiescing = false
    /// Part of a streamed answer has been sent.
    var hasBegunAnswer = false
    /// False for statuses whose answers have none.
    var answerHasBody = true
    /// HTTP/1.0 knows no chunks: a streamed answer ends with the connection.
    var usesChunks = true
    /// When the connection is closed unless something happens; nil while something is under way.
    var closesAt: UInt64?
    /// What was unsent when it was last about to be closed.
    private var unsentBefore = 0
    /// What follows the requests that are held could not be read.
    var fault: HTTPParserError?
    /// Their memory serves one request after the other.
    var answer = ByteBuffer()
    var meta = ByteBuffer()
    private var patrol: RepeatedTask?

    init(dispatcher: Dispatcher, authorizer: Authorizer) {
        self.dispatcher = dispatcher
        self.authorizer = authorizer
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
            // More of the request is wanted now, and is to come.
            if case .passing(isWhole: false, _) = state {
                closesAt = after(dispatcher.configuration.requestMillisMax)
            }
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
            guard case .idle = state, held.isEmpty else { return passEvent(context, event) }
            closeOnceSent()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isPassing else {
            return context.fireErrorCaught(error)
        }
        if held.isEmpty { refuse(error, context) } else { fault = error }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        switch state {
        case .answering(let invocation), .streaming(let invocation, _):
            invocation.setPaused(!isWritable)
        case .idle where isWritable: release(context)
        default: break
        }
        context.fireChannelWritabilityChanged()
    }

    /// What comes next on the connection can't be read.
    func refuse(_ error: HTTPParserError, _ context: ChannelHandlerContext) {
        switch state {
        case .receiving(let receiving) where error.isEnd:
            refuse(Problem(cutOff: receiving), context: context, keepAlive: false)
        case .idle, .gathering, .receiving:
            refuse(Problem(parsing: error), context: context, keepAlive: false)
        case .streaming(let invocation, _):
            refuse(Problem(parsing: error), streamedTo: invocation, context)
        // It has been read whole, and is answered first.
        case .answering: fault = error
        // It has been answered, and the connection closes.
        case .discarding, .passing, .closed: break
        }
    }

    /// Refuses what was to be the rest of an input that its handler takes as it comes.
    private func refuse(
        _ problem: Problem,
        streamedTo invocation: RunningInvocation,
        _ context: ChannelHandlerContext
    ) {
        invocation.clientGone()
        // Without its last chunk the answer is not whole.
        if hasBegunAnswer { return context.close(promise: nil) }
        refuse(problem, head: invocation.head(run: 0), context: context, keepAlive: false)
    }

    // MARK: Outbound: answers of the routes behind

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data), case .passing(let isWhole, _) = state else {
            return context.write(data, promise: promise)
        }
        if isWhole, isQuiescing, held.isEmpty { return writeLast(data, promise, context) }
        context.write(data, promise: promise)
        if isWhole {
            becomeIdle(context)
        } else {
            state = .passing(isWhole: false, isAnswered: true)
        }
    }

    /// Closes once all of the answer has left, of which none may have been flushed.
    private func writeLast(
        _ data: NIOAny,
        _ promise: EventLoopPromise<Void>?,
        _ context: ChannelHandlerContext
    ) {
        state = .discarding
        let sent = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(data, promise: sent)
    }
}

extension InvocationHandler {
    func end() {
        switch state {
        case .answering(let invocation), .streaming(let invocation, _): invocation.clientGone()
        default: break
        }
        state = .closed
        held.removeAll()
        patrol?.cancel()
    }

    private func closeIfDue() {
        guard let closesAt, Clock.monotonicNanos() >= closesAt, let context else { return }
        switch state {
        case .receiving, .gathering: refuse(tooSlow, context: context, keepAlive: false)
        case .streaming(let invocation, _): refuse(tooSlow, streamedTo: invocation, context)
        default:
            guard isSending(context) else { return context.close(promise: nil) }
            self.closesAt = after(dispatcher.configuration.idleMillisMax)
        }
    }

    private var tooSlow: Problem {
        Problem(
            .requestTimedOut,
            detail: "The request took longer than "
                + "\(dispatcher.configuration.requestMillisMax) ms to arrive."
        )
    }

    /// Whether the client has taken some of its answers since it was last asked, and not all.
    private func isSending(_ context: ChannelHandlerContext) -> Bool {
        let unsent = unsentBytes(context)
        defer { unsentBefore = unsent }
        return unsent > 0 && unsent != unsentBefore
    }

    func after(_ millis: Int) -> UInt64 {
        Clock.monotonicNanos() + UInt64(millis) * 1_000_000
    }
}
