import Functions
import GatewayAPI
import Instances
import NIOCore
import Pooling
import RuntimeProtocol

/// One attempt of an invocation, from admission to the last byte of its answer.
///
/// Everything in it happens on `eventLoop`. It ends in exactly one call of the receiver's
/// `answerEnded`, after exactly one usage record is durable, or none when no instance was leased.
final class RunningInvocation: @unchecked Sendable {
    enum Stage {
        /// Waits for a lease.
        case queued
        /// The instance has it.
        case running(Lease, stream: UInt32)
        /// It is decided how it ends, but the instance is still at work: it is given grace to stop.
        case givingWay(Lease, stream: UInt32, graceEndsAt: UInt64, sparesOthersUntil: UInt64)
        case ended
    }

    /// Whether its instance takes others while this gives way.
    private enum Hold {
        case open
        /// It takes nothing new.
        case held
        /// It has others again, who waited for it when the grace was over.
        case overstaying
    }

    let id: InvocationID
    var route: Route
    let trigger: Trigger
    let attempt: Int32
    let loop: InvocationLoop
    let dispatcher: Dispatcher
    let acceptedAtMicros: Int64
    let acceptedAt: UInt64
    var receiver: (any AnswerReceiver)?
    var stage = Stage.queued
    /// Until an instance has it.
    private var request: InstanceRequest?
    private var pieces: [InputPiece] = []
    private(set) var bytesIn: Int
    private(set) var bytesOut = 0
    private(set) var startKind: StartKind?
    /// Of the instance that has or had it.
    private var instanceNumber: UInt32?
    private(set) var queueMicros: Int64 = 0
    private(set) var startMicros: Int64 = 0
    private(set) var runBeganAt: UInt64 = 0
    /// When the last piece of a streamed answer came; 0 before the first.
    private(set) var lastPieceAt: UInt64 = 0
    var isMetered = false
    /// What metrics hear of it once its usage record is durable.
    var measured: Measured?
    /// Until it has given way.
    private var holding = Hold.open
    /// What is sent once the usage record is durable.
    var pendingEnd: AnswerEnd?
    /// Its place among the loop's running invocations.
    var loopIndex = -1

    init(
        id: InvocationID,
        route: Route,
        trigger: Trigger,
        attempt: Int32,
        dispatcher: Dispatcher,
        loop: InvocationLoop,
        receiver: any AnswerReceiver,
        acceptedAtMicros: Int64,
        acceptedAt: UInt64,
        request: InstanceRequest
    ) {
        self.id = id
        self.route = route
        self.trigger = trigger
        self.attempt = attempt
        self.dispatcher = dispatcher
        self.loop = loop
        self.receiver = receiver
        self.acceptedAtMicros = acceptedAtMicros
        self.acceptedAt = acceptedAt
        bytesIn = request.body.readableBytes
        self.request = request
    }

    var eventLoop: any EventLoop { loop.eventLoop }

    /// Asks the pool for an instance; `now` is when it was accepted unless it has waited since.
    func start(now: UInt64? = nil) {
        switch route.pool.acquire(RequestID(requestNumber), waiter: self) {
        case .lease(let lease): run(lease, now: now ?? acceptedAt)
        case .waiting: break
        case .rejected(let reason): reject(reason)
        }
    }

    /// More of a streamed input.
    func send(_ piece: InputPiece) {
        bytesIn += piece.body.readableBytes
        switch stage {
        case .queued: pieces.append(piece)
        case .running(let lease, let stream): lease.instance.send(piece, stream: stream)
        case .givingWay, .ended: break
        }
    }

    /// The client takes no more of the answer for now, or takes it again: it has `timeout.idle`.
    func setPaused(_ isPaused: Bool) {
        guard lastPieceAt != 0, case .running(let lease, let stream) = stage else { return }
        lastPieceAt = Clock.monotonicNanos()
        lease.instance.setPaused(isPaused, stream: stream)
    }

    /// The client has gone: nobody is told how it ends.
    func clientGone() {
        receiver = nil
        switch stage {
        case .queued:
            if route.pool.cancel(RequestID(requestNumber)) {
                route.metrics.rejected(.cancelled)
                leave()
            }
        case .running(let lease, let stream):
            giveWay(lease, stream, reason: .clientGone)
        case .givingWay, .ended: break
        }
    }

    /// Looks whether a deadline has passed.
    func sweep(now: UInt64) {
        switch stage {
        case .queued:
            guard now &- acceptedAt >= min(route.firstByteNanos, route.totalNanos) else { return }
            guard route.pool.cancel(RequestID(requestNumber)) else { return }
            route.metrics.rejected(.notReady)
            finish(
                .problem(
                    head(run: 0),
                    Problem(
                        .notReady,
                        detail: "No instance of \(route.functionName) was ready within "
                            + "\((now - acceptedAt) / 1_000_000) ms.",
                        retryAfterSeconds: 1
                    ),
                    .rejected
                )
            )
        case .running(let lease, let stream):
            if let timeout = passedTimeout(now) { timeOut(lease, stream, timeout, now: now) }
        case .givingWay(let lease, _, let graceEndsAt, let sparesOthersUntil):
            if now >= graceEndsAt {
                passedGrace(lease, mayEndOthers: now >= sparesOthersUntil)
            } else {
                hold(lease)
            }
        case .ended: break
        }
    }

    /// Stops the instance, which ends whatever is on it; looks again at the next sweep where it
    /// may not.
    private func passedGrace(_ lease: Lease, mayEndOthers: Bool) {
        if mayEndOthers || route.pool.isAlone(on: lease) { return lease.instance.stop() }
        switch holding {
        case .open: hold(lease)
        case .held: if route.pool.unhold(lease) { holding = .overstaying }
        case .overstaying: break
        }
    }

    /// Not at once: nearly all give way before anybody else asks for the instance.
    private func hold(_ lease: Lease) {
        guard case .open = holding else { return }
        holding = .held
        route.pool.hold(lease)
    }

    /// Unlike any other that waits in the pool; the id's low half is random.
    private var requestNumber: UInt64 { id.low ^ id.high }
}

// Running.
extension RunningInvocation: LeaseWaiter, InvocationReceiver {
    func leased(_ lease: Lease) {
        onLoop { $0.run(lease, now: Clock.monotonicNanos()) }
    }

    func rejected(_ reason: RejectReason) { onLoop { $0.reject(reason) } }

    private func run(_ lease: Lease, now: UInt64) {
        guard case .queued = stage, receiver != nil, var request = request.take() else {
            route.pool.release(lease)
            if case .queued = stage { leave() }
            return
        }
        let waited = Int64((now - acceptedAt) / 1000)
        startMicros = min(waited, Int64(lease.startNanos / 1000))
        queueMicros = waited - startMicros
        startKind = lease.startKind
        instanceNumber = lease.id.rawValue
        runBeganAt = now
        let left = acceptedAt + route.totalNanos
        request.remainingMillis = left > now ? UInt32((left - now) / 1_000_000) : 0
        // It may be over before `invoke` returns, when the instance has just died.
        stage = .running(lease, stream: 0)
        let stream = lease.instance.invoke(request, receiver: self)
        guard case .running = stage else { return }
        stage = .running(lease, stream: stream)
        for piece in pieces { lease.instance.send(piece, stream: stream) }
        pieces = []
    }

    func began(_ head: FrameMeta, _ body: ByteBuffer) {
        guard case .running = stage else { return }
        lastPieceAt = Clock.monotonicNanos()
        bytesOut += body.readableBytes
        var answer = self.head(run: 0)
        answer.meta = head
        receiver?.answerBegan(answer, body)
    }

    func continued(_ body: ByteBuffer) {
        guard case .running = stage else { return }
        lastPieceAt = Clock.monotonicNanos()
        bytesOut += body.readableBytes
        receiver?.answerContinued(body)
    }

    func logged(level: String, _ text: ByteBuffer) {
        dispatcher.logs.append(
            route.revision,
            invocation: id,
            instance: instanceNumber,
            level: level,
            text: text
        )
    }

    func ended(_ end: InvocationEnd) {
        let wasDecided: Bool
        switch stage {
        case .running(let lease, _):
            wasDecided = false
            release(lease, after: end)
        case .givingWay(let lease, _, _, _):
            wasDecided = true
            release(lease, after: end)
        case .queued, .ended: return
        }
        stage = .ended
        if wasDecided {
            if receiver == nil, !isMetered { meter(.cancelled, runMicros: elapsedRunMicros(), nil) }
            leave()
            return
        }
        conclude(end)
    }

    /// It goes to another instance: nothing of it has happened, unless more of its input was sent.
    func notTaken(_ request: InstanceRequest, _ end: InstanceEnd) {
        switch stage {
        case .running where request.isComplete:
            self.request = request
            stage = .queued
            start(now: Clock.monotonicNanos())
        case .givingWay where receiver == nil && !isMetered:
            // Its client went before anybody knew: it has used nothing.
            route.metrics.rejected(.cancelled)
            stage = .ended
            leave()
        default: ended(.instanceDied(end))
        }
    }

    private func release(_ lease: Lease, after end: InvocationEnd) {
        if case .instanceDied = end { return }
        switch holding {
        case .open: route.pool.release(lease)
        case .held: route.pool.releaseHeld(lease)
        case .overstaying: route.pool.releaseOverstaying(lease)
        }
    }

    private func conclude(_ end: InvocationEnd) {
        switch end {
        case .answered(let meta, let body, let runMicros):
            bytesOut += body.readableBytes
            var head = head(run: Int64(runMicros))
            head.meta = meta
            meter(
                .completed,
                runMicros: Int64(runMicros),
                lastPieceAt == 0 ? .whole(head, body) : .last(head, body)
            )
        case .failed(let code, let body, let runMicros):
            let problem = Problem(code, failure: body, route: route)
            dispatcher.logs.append(route.revision, invocation: id, failure: body, code: code)
            let outcome: Outcome = code == .inputInvalid ? .completed : .failed
            meter(outcome, runMicros: Int64(runMicros), failure(problem, outcome))
        case .instanceDied(let end):
            let problem = Problem(instanceEnd: end, route: route)
            dispatcher.logs.append(
                route.revision,
                invocation: id,
                instance: instanceNumber,
                level: "error",
                text: ByteBuffer(string: "the instance died: \(end)\n")
            )
            meter(.failed, runMicros: elapsedRunMicros(), failure(problem, .failed))
        }
        leave()
    }

    func failure(_ problem: Problem, _ outcome: Outcome) -> AnswerEnd {
        lastPieceAt == 0 ? .problem(head(run: elapsedRunMicros()), problem, outcome) : .broken
    }

    private func onLoop(_ body: @escaping @Sendable (RunningInvocation) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }
}
