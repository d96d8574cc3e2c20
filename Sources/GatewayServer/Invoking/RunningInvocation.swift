import Billing
import Functions
import GatewayAPI
import Instances
import NIOCore
import Pooling
import Rollouts
import RuntimeProtocol
import Storage

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
        case givingWay(Lease, stream: UInt32, graceEndsAt: UInt64)
        case ended
    }

    let id: InvocationID
    private(set) var route: Route
    let trigger: Trigger
    let attempt: Int32
    let loop: InvocationLoop
    let dispatcher: Dispatcher
    let acceptedAtMicros: Int64
    let acceptedAt: UInt64
    private(set) var receiver: (any AnswerReceiver)?
    private(set) var stage = Stage.queued
    /// Until an instance has it.
    private var request: InstanceRequest?
    private var pieces: [InputPiece] = []
    private(set) var bytesIn: Int
    private(set) var bytesOut = 0
    private var startKind: StartKind?
    /// Of the instance that has or had it.
    private var instanceNumber: UInt32?
    private(set) var queueMicros: Int64 = 0
    private(set) var startMicros: Int64 = 0
    private var runBeganAt: UInt64 = 0
    /// When the last piece of a streamed answer came; 0 before the first.
    private var lastPieceAt: UInt64 = 0
    private var isMetered = false
    /// What is sent once the usage record is durable.
    private var pendingEnd: AnswerEnd?
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
        case .givingWay(let lease, _, let graceEndsAt):
            if now >= graceEndsAt { lease.instance.stop() }
        case .ended: break
        }
    }

    /// The usage record is durable, or could not be made so.
    func committed(_ isDurable: Bool) {
        guard let end = pendingEnd.take() else { return }
        guard isDurable else {
            let problem = Problem(
                .notReady,
                detail: "The ledger cannot be written; the answer is withheld.",
                retryAfterSeconds: 5
            )
            if case .last = end { return tell(.broken) }
            return tell(.problem(head(run: 0), problem, .failed))
        }
        tell(end)
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
        case .givingWay(let lease, _, _):
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
        guard case .running = stage, request.isComplete else { return ended(.instanceDied(end)) }
        self.request = request
        stage = .queued
        start(now: Clock.monotonicNanos())
    }

    private func release(_ lease: Lease, after end: InvocationEnd) {
        if case .instanceDied = end { return }
        route.pool.release(lease)
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

    private func failure(_ problem: Problem, _ outcome: Outcome) -> AnswerEnd {
        lastPieceAt == 0 ? .problem(head(run: elapsedRunMicros()), problem, outcome) : .broken
    }

    private func onLoop(_ body: @escaping @Sendable (RunningInvocation) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }
}

// Ending.
extension RunningInvocation {
    private func reject(_ reason: RejectReason) {
        guard case .queued = stage else { return }
        // Its pool was replaced between the choice of it and this.
        if reason == .draining, let other = dispatcher.route(route.functionName),
            other.pool !== route.pool
        {
            route = other
            return start(now: Clock.monotonicNanos())
        }
        if case .startFailed = reason { route.tally?.record(failed: true, runMicros: 0) }
        route.metrics.rejected(reason.metric)
        finish(.problem(head(run: 0), Problem(reason, route: route), .rejected))
    }

    /// Nothing to meter: it never had an instance.
    private func finish(_ end: AnswerEnd) {
        stage = .ended
        leave()
        tell(end)
    }

    private func tell(_ end: AnswerEnd) {
        receiver.take()?.answerEnded(end)
    }

    private func leave() { loop.remove(self) }

    private func passedTimeout(_ now: UInt64) -> String? {
        let age = now &- acceptedAt
        if age >= route.totalNanos { return "timeout.total" }
        if lastPieceAt == 0 { return age >= route.firstByteNanos ? "timeout.firstByte" : nil }
        return now &- lastPieceAt >= route.idleNanos ? "timeout.idle" : nil
    }

    private func timeOut(_ lease: Lease, _ stream: UInt32, _ timeout: String, now: UInt64) {
        giveWay(lease, stream, reason: .deadlinePassed)
        let problem = Problem(
            .timedOut,
            detail: "The invocation ran for \((now - runBeganAt) / 1_000_000) ms, "
                + "until `\(timeout)` of the manifest had passed."
        )
        meter(.timedOut, runMicros: elapsedRunMicros(), failure(problem, .timedOut))
    }

    private func giveWay(_ lease: Lease, _ stream: UInt32, reason: CancelReason) {
        let grace = UInt64(dispatcher.configuration.cancelGraceMillis) * 1_000_000
        stage = .givingWay(
            lease,
            stream: stream,
            graceEndsAt: Clock.monotonicNanos() + grace
        )
        lease.instance.cancel(stream: stream, reason: reason)
    }

    /// Puts the usage record in the ledger; `end` is told once it is durable.
    private func meter(_ outcome: Outcome, runMicros: Int64, _ end: AnswerEnd?) {
        guard !isMetered else { return }
        isMetered = true
        pendingEnd = end
        let kind = startKind ?? .warm  // It has run, so it had a lease.
        let record = usageRecord(outcome, kind, runMicros: runMicros)
        route.metrics.ended(
            outcome,
            kind,
            queue: queueMicros,
            start: startMicros,
            run: runMicros,
            total: Int64((Clock.monotonicNanos() - acceptedAt) / 1000)
        )
        if let tally = route.tally, outcome != .cancelled, trigger != .probe {
            tally.record(failed: outcome != .completed, runMicros: runMicros)
        }
        if trigger != .http, let end, let receiver {
            let waits = receiver.answerPrepares(end) { [eventLoop] in
                eventLoop.execute { self.write(record) }
            }
            if waits { return }
        }
        write(record)
    }

    private func write(_ record: UsageRecord) {
        if dispatcher.ledger.append(record, self) {
            loop.scheduleFlush(of: dispatcher.ledger)
        } else {
            route.metrics.rejected(.ledgerFull)
            committed(false)
        }
    }

    private func head(run: Int64) -> AnswerHead {
        AnswerHead(
            id: id,
            startKind: startKind,
            revision: UInt32(clamping: route.revision.number),
            timing: ServerTiming(
                queueMicros: queueMicros,
                startMicros: startMicros,
                runMicros: run
            ),
            meta: FrameMeta()
        )
    }

    private func elapsedRunMicros() -> Int64 {
        runBeganAt == 0 ? 0 : Int64((Clock.monotonicNanos() - runBeganAt) / 1000)
    }
}
