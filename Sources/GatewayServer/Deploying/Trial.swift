import Functions
import Instances
import NIOCore
import Pooling
import RuntimeProtocol

/// One invocation outside traffic and bill: a new revision shows that it can answer.
final class Trial: LeaseWaiter, InvocationReceiver, @unchecked Sendable {
    /// What the handler answered.
    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
        var runMicros: Int
    }

    enum Failure: Error, Sendable {
        case notStarted(StartFailure)
        case refused(InvocationFailureCode, FailureMessage?)
        case died(InstanceEnd)
        case tookTooLong
        case answerTooLarge

        /// Why it may be the fork's fault; nil when a process of its own would fail alike.
        ///
        /// A handler that raises may do so because a thread of the zygote is missing, or because it
        /// has noticed that it is in another process.
        func forkReason(in pool: Pool) -> String? {
            switch self {
            case .notStarted:
                pool.forkedStartFailure.map { "a forked instance did not start: \($0)" }
            case .refused(let code, let message):
                "a forked instance answered the sample with \(code.rawValue) "
                    + "(\(message?.message ?? "no reason given"))"
            case .died(let end): "a forked instance died on the sample: \(end)"
            case .tookTooLong: "a forked instance did not answer the sample in time"
            // As much would come from any.
            case .answerTooLarge: nil
            }
        }
    }

    let eventLoop: any EventLoop
    private let pool: Pool
    /// Nil where an instance that is ready is all that can be asked for.
    private let request: InstanceRequest?
    private let promise: EventLoopPromise<Answer>
    private var lease: Lease?
    private var head = FrameMeta()
    private var gathered = GatheredAnswer()
    /// Ends it when `timeout.total` has passed.
    private var limit: Scheduled<Void>?

    private init(pool: Pool, request: InstanceRequest?, eventLoop: any EventLoop) {
        self.pool = pool
        self.request = request
        self.eventLoop = eventLoop
        promise = eventLoop.makePromise()
    }

    /// Leases an instance of `pool`, which may start everything, and runs one invocation on it.
    static func run(
        _ body: [UInt8],
        contentType: String,
        id: InvocationID,
        on pool: Pool,
        eventLoop: any EventLoop
    ) async throws -> Answer {
        let manifest = pool.revision.manifest
        let meta = FrameMeta([
            (":id", id.description), (":method", "POST"), (":path", ""),
            ("content-type", contentType),
        ])
        let trial = Trial(
            pool: pool,
            request: InstanceRequest(
                meta: meta,
                body: ByteBuffer(bytes: body),
                remainingMillis: UInt32(clamping: manifest.timeout.totalMillis)
            ),
            eventLoop: eventLoop
        )
        return try await trial.run(id)
    }

    /// Leases an instance of `pool`, which may start everything, and gives it back.
    static func start(id: InvocationID, on pool: Pool, eventLoop: any EventLoop) async throws {
        _ = try await Trial(pool: pool, request: nil, eventLoop: eventLoop).run(id)
    }

    private func run(_ id: InvocationID) async throws -> Answer {
        switch pool.acquire(RequestID(id.high ^ id.low), waiter: self) {
        case .lease(let lease): leased(lease)
        case .rejected(let reason): rejected(reason)
        case .waiting: break
        }
        return try await promise.futureResult.get()
    }

    func leased(_ lease: Lease) {
        eventLoop.execute {
            guard let request = self.request else {
                self.pool.release(lease)
                return self.promise.succeed(Answer(status: 200, body: [], runMicros: 0))
            }
            self.lease = lease
            _ = lease.instance.invoke(request, receiver: self)
            // It may be over already, when the instance has just died.
            guard self.lease != nil else { return }
            let limit = self.pool.revision.manifest.timeout.totalMillis
            self.limit = self.eventLoop.scheduleTask(in: .milliseconds(Int64(limit))) {
                guard self.lease != nil else { return }
                self.promise.fail(Failure.tookTooLong)
                lease.instance.stop()
            }
        }
    }

    func rejected(_ reason: RejectReason) {
        if case .startFailed(let failure, _) = reason {
            promise.fail(Failure.notStarted(failure))
        } else {
            promise.fail(
                Failure.notStarted(StartFailure(code: "notReady", message: "\(reason)"))
            )
        }
    }

    func began(_ head: FrameMeta, _ body: ByteBuffer) {
        self.head = head
        gather(body)
    }

    func continued(_ body: ByteBuffer) { gather(body) }

    private func gather(_ body: ByteBuffer) {
        guard !gathered.isTooLarge else { return }
        gathered.append(body)
        guard gathered.isTooLarge else { return }
        promise.fail(Failure.answerTooLarge)
        guard let lease else { return }
        eventLoop.execute { lease.instance.stop() }
    }

    func logged(level: String, _ text: ByteBuffer) {}

    func ended(_ end: InvocationEnd) {
        guard let lease else { return }
        self.lease = nil
        // It would keep what was gathered until the time has passed.
        limit?.cancel()
        limit = nil
        if case .instanceDied(let end) = end { return promise.fail(Failure.died(end)) }
        pool.release(lease)
        switch end {
        case .answered(let meta, let body, let runMicros):
            if !meta.isEmpty { head = meta }
            gather(body)
            promise.succeed(
                Answer(
                    status: head[":status"].flatMap { Int($0) } ?? 200,
                    body: Array(gathered.bytes.readableBytesView),
                    runMicros: Int(runMicros)
                )
            )
        case .failed(let code, let body, _):
            promise.fail(Failure.refused(code, FailureMessage(body)))
        case .instanceDied: break
        }
    }
}

extension Pool {
    /// Why an instance could not be forked or attached, though the zygote has loaded the handler.
    fileprivate var forkedStartFailure: String? {
        guard report != nil, let failure = lastFailure else { return nil }
        return switch failure.code {
        case .attachRaised, .outOfTime, .closed: failure.message
        case .load, .outOfMemory, .host: nil
        }
    }
}
