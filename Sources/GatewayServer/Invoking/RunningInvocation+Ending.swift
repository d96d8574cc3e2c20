import Billing
import Functions
import GatewayAPI
import Instances
import NIOCore
import Pooling
import Rollouts
import RuntimeProtocol
import Storage

/// How an invocation ended, until that is on the bill.
struct Measured {
    let outcome: Outcome
    let startKind: StartKind
    let runMicros: Int64
    let totalMicros: Int64
}

/// How it ends: who is told what, and what is put on the bill.
extension RunningInvocation {
    /// The usage record is durable, or could not be made so.
    func committed(_ isDurable: Bool) {
        count(isDurable)
        guard let end = pendingEnd.take() else { return }
        guard isDurable else {
            let problem = Problem(
                .notReady,
                detail: "The ledger cannot be written; the answer is withheld.",
                retryAfterSeconds: 5
            )
            // A client that has part of its answer can only be left without the rest. A trigger
            // has used none of it: the attempt counts as not made, for it has no record.
            if trigger == .http, lastPieceAt != 0 { return tell(.broken) }
            return tell(.problem(head(run: 0), problem, .failed))
        }
        tell(end)
    }

    func reject(_ reason: RejectReason) {
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
    func finish(_ end: AnswerEnd) {
        stage = .ended
        leave()
        tell(end)
    }

    private func tell(_ end: AnswerEnd) {
        receiver.take()?.answerEnded(end)
    }

    func leave() { loop.remove(self) }

    func passedTimeout(_ now: UInt64) -> String? {
        let age = now &- acceptedAt
        if age >= route.totalNanos { return "timeout.total" }
        if lastPieceAt == 0 { return age >= route.firstByteNanos ? "timeout.firstByte" : nil }
        return now &- lastPieceAt >= route.idleNanos ? "timeout.idle" : nil
    }

    func timeOut(_ lease: Lease, _ stream: UInt32, _ timeout: String, now: UInt64) {
        giveWay(lease, stream, reason: .deadlinePassed)
        let problem = Problem(
            .timedOut,
            detail: "The invocation ran for \((now - min(now, runBeganAt)) / 1_000_000) ms, "
                + "until `\(timeout)` of the manifest had passed."
        )
        dispatcher.logs.append(
            route.revision,
            invocation: id,
            level: "error",
            text: ByteBuffer(string: "\(problem.detail ?? problem.title)\n")
        )
        meter(.timedOut, runMicros: elapsedRunMicros(), failure(problem, .timedOut))
    }

    func giveWay(_ lease: Lease, _ stream: UInt32, reason: CancelReason) {
        let grace = UInt64(dispatcher.configuration.cancelGraceMillis) * 1_000_000
        // That one client leaves may end nobody else's invocation before this one's time is up.
        let isOwnTimeout = reason == .deadlinePassed
        stage = .givingWay(
            lease,
            stream: stream,
            graceEndsAt: Clock.monotonicNanos() + grace,
            sparesOthersUntil: isOwnTimeout ? 0 : acceptedAt + route.totalNanos
        )
        lease.instance.cancel(stream: stream, reason: reason)
    }

    /// Puts the usage record in the ledger; `end` is told once it is durable.
    func meter(_ outcome: Outcome, runMicros: Int64, _ end: AnswerEnd?) {
        guard !isMetered else { return }
        isMetered = true
        pendingEnd = end
        let kind = startKind ?? .warm  // It has run, so it had a lease.
        let now = Clock.monotonicNanos()
        // What an instance says of itself is no more than what was seen.
        let runMicros = min(runMicros, Int64((now - min(now, runBeganAt)) / 1000))
        let record = usageRecord(outcome, kind, runMicros: runMicros)
        measured = Measured(
            outcome: outcome,
            startKind: kind,
            runMicros: runMicros,
            totalMicros: Int64((now - acceptedAt) / 1000)
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
            committed(false)
        }
    }

    /// Metrics have what the ledger has, and what it did not take by itself.
    private func count(_ isDurable: Bool) {
        guard let measured = measured.take() else { return }
        guard isDurable else { return route.metrics.rejected(.ledgerFull) }
        route.metrics.ended(
            measured.outcome,
            measured.startKind,
            queue: queueMicros,
            start: startMicros,
            run: measured.runMicros,
            total: measured.totalMicros
        )
    }

    func head(run: Int64) -> AnswerHead {
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

    func elapsedRunMicros() -> Int64 {
        runBeganAt == 0 ? 0 : Int64((Clock.monotonicNanos() - runBeganAt) / 1000)
    }
}
