import Functions
import GatewayAPI
import Instances
import NIOCore
import NIOHTTP1
import RuntimeProtocol

/// Taking the parts of requests in.
extension InvocationHandler {
    var isPassing: Bool { if case .passing = state { true } else { false } }

    /// Whether the next part belongs to what is under way, or begins something new.
    var takesParts: Bool {
        switch state {
        // Who does not take its answers is given no more of them.
        case .idle: context?.channel.isWritable ?? true
        case .receiving, .streaming, .discarding, .passing(isWhole: false, _): true
        case .passing(isWhole: true, _), .gathering, .answering, .closed: false
        }
    }

    func release(_ context: ChannelHandlerContext) {
        guard !isReleasing else { return }
        isReleasing = true
        while takesParts, let part = held.popFirst() { take(part, context) }
        isReleasing = false
        if held.isEmpty, let fault {
            self.fault = nil
            refuse(fault, context)
        }
        if hasPassed {
            hasPassed = false
            context.fireChannelReadComplete()
        }
        if isReadPending, held.count < dispatcher.configuration.heldPartsMax {
            isReadPending = false
            context.read()
        }
    }

    func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
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
        case (.body(let body), .streaming(let invocation, let bytes)):
            stream(body, of: invocation, bytes: bytes, context)
        case (.end, .streaming(let invocation, _)):
            state = .answering(invocation)
            closesAt = nil
            invocation.send(InputPiece(body: ByteBuffer(), isLast: true))
        case (.end, .discarding): discarded(context)
        case (_, .discarding): break
        case (_, .passing): pass(part, context)
        default: context.close(promise: nil)
        }
    }

    /// The rest of an answered request has come.
    func discarded(_ context: ChannelHandlerContext) {
        if keepAlive { becomeIdle(context) } else { closeOnceSent() }
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        hasPassed = true
        closesAt = nil
        context.fireChannelRead(wrapInboundOut(part))
        guard case .end = part, case .passing(_, let isAnswered) = state else { return }
        if isAnswered {
            becomeIdle(context)
        } else {
            state = .passing(isWhole: true, isAnswered: false)
        }
    }

    func passEvent(_ context: ChannelHandlerContext, _ event: Any) {
        if isPassing { context.fireUserInboundEventTriggered(event) }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard let target = InvocationTarget(head.uri) else {
            closesAt = nil
            state = .passing(isWhole: false, isAnswered: false)
            return pass(.head(head), context)
        }
        closesAt = after(dispatcher.configuration.requestMillisMax)
        // An HTTP/1.0 client may ask for it, but then waits for a field that 1.1 does not need.
        keepAlive = head.isKeepAlive && head.version != .http1_0 && !isQuiescing
        guard head.method == .POST else {
            let problem = Problem(.methodNotAllowed, detail: "A function is invoked with POST.")
            return refuse(
                problem,
                context: context,
                keepAlive: keepAlive,
                isBodyless: head.method == .HEAD
            )
        }
        if let coding = head.unsupportedCoding {
            return refuse(Problem(unsupported: coding), context: context, keepAlive: false)
        }
        let admitted = admit(
            target.name,
            authorization: head.headers.first(name: "authorization")?.withoutTrailingBlanks,
            wish: RevisionWish(head.headers),
            bodyBytes: head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0,
            context
        )
        guard let route = admitted else { return }
        if head.version != .http1_0,
            head.headers.first(name: "expect")?.lowercased() == "100-continue"
        {
            writeContinue(context)
        }
        let receiving = Receiving(
            head: head,
            target: target,
            route: route,
            accepted: Acceptance(),
            body: ByteBuffer()
        )
        if route.streamsInput {
            invoke(receiving, context, isStreaming: true)
        } else {
            state = .receiving(receiving)
        }
    }

    /// Where a request goes; nil once it has been refused.
    func admit(
        _ name: String,
        authorization: String?,
        wish: RevisionWish,
        bodyBytes: Int,
        _ context: ChannelHandlerContext
    ) -> Route? {
        guard let split = dispatcher.split(name) else {
            // Who has no key is not told which names there are.
            let unauthorized = authorizer.refusal(authorization: authorization, account: nil)
            let problem =
                unauthorized
                ?? Problem(
                    .functionNotFound,
                    detail: "There is no function \(name): see `faas list`."
                )
            return refuse(problem, context)
        }
        if let problem = authorizer.refusal(
            authorization: authorization,
            account: split.primary.accountName
        ) {
            return refuse(problem, context)
        }
        guard let route = split.route(for: wish, random: dispatcher.makeRandom) else {
            let numbers = split.routes.map { "\($0.revision.number)" }.joined(separator: ", ")
            return refuse(
                Problem(
                    .revisionNotFound,
                    detail: "\(TrafficHeader.revision) names none of the revisions of "
                        + "\(name) that take traffic: \(numbers)."
                ),
                context
            )
        }
        guard bodyBytes <= route.payloadBytesMax else {
            tooLarge(route, context)
            return nil
        }
        return route
    }

    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) -> Route? {
        refuse(problem, context: context, keepAlive: keepAlive)
        return nil
    }

    private func invoke(
        _ receiving: Receiving,
        _ context: ChannelHandlerContext,
        isStreaming: Bool = false
    ) {
        let id = dispatcher.makeID(acceptedAtMicros: receiving.accepted.wallMicros)
        guard let meta = FrameMeta(receiving.head, target: receiving.target, id: id) else {
            return refuse(.metaTooLong, context: context, keepAlive: false)
        }
        usesChunks = receiving.head.version != .http1_0
        start(
            InstanceRequest(
                meta: meta,
                body: receiving.body,
                isComplete: !isStreaming,
                remainingMillis: 0
            ),
            id,
            receiving.route,
            receiving.accepted,
            context
        )
    }

    func start(
        _ request: consuming InstanceRequest,
        _ id: InvocationID,
        _ route: Route,
        _ accepted: Acceptance,
        _ context: ChannelHandlerContext
    ) {
        hasBegunAnswer = false
        let isComplete = request.isComplete
        let loop = loop ?? dispatcher.loop(context.eventLoop)
        self.loop = loop
        let invocation = dispatcher.makeInvocation(
            request,
            id: id,
            route: route,
            acceptedAtMicros: accepted.wallMicros,
            acceptedAt: accepted.nanos,
            loop: loop,
            receiver: self
        )
        if isComplete {
            closesAt = nil
            state = .answering(invocation)
        } else {
            state = .streaming(invocation, bytes: 0)
        }
        // It may be over before this returns, so it begins once the state says that it runs.
        invocation.start()
    }

    private func stream(
        _ body: ByteBuffer,
        of invocation: RunningInvocation,
        bytes: Int,
        _ context: ChannelHandlerContext
    ) {
        let bytes = bytes + body.readableBytes
        guard bytes <= invocation.route.payloadBytesMax else {
            invocation.clientGone()
            // Without its last chunk the answer is not whole.
            if hasBegunAnswer { return context.close(promise: nil) }
            return tooLarge(invocation.route, context, head: invocation.head(run: 0))
        }
        state = .streaming(invocation, bytes: bytes)
        closesAt = after(dispatcher.configuration.requestMillisMax)
        invocation.send(InputPiece(body: body, isLast: false))
    }
}
