import Billing
import Functions
import NIOConcurrencyHelpers
import Storage

/// Ends attempts as a test says, and writes their usage records to a real ledger.
final class ScriptedInvoker: Invoker, @unchecked Sendable {
    enum End: Sendable {
        case done(String)
        case failed(String)
        case hopeless(String)
        case notAttempted

        static let done = End.done("{}")
        static let failed = End.failed("handlerRaised")
        static let hopeless = End.hopeless("inputInvalid")
    }

    private struct Attempt {
        var invocation: Invocation
        var observer: any InvocationObserver
    }

    private struct State {
        var underWay: [InvocationID: Attempt] = [:]
        var begun: [Invocation] = []
        /// Ends attempts at once, where it is set.
        var script: (@Sendable (Invocation) -> End)?
    }

    private let state = NIOLockedValueBox(State())
    private let writer: NIOLockedValueBox<Writer>
    private let stream: AsyncStream<Invocation>
    private let continuation: AsyncStream<Invocation>.Continuation

    private struct Writer: @unchecked Sendable {
        let connection: LedgerConnection
    }

    init(_ ledger: Ledger) throws {
        writer = NIOLockedValueBox(Writer(connection: try ledger.connect()))
        (stream, continuation) = AsyncStream.makeStream()
    }

    var begun: [Invocation] { state.withLockedValue { $0.begun } }
    var underWay: [Invocation] {
        state.withLockedValue { $0.underWay.values.map(\.invocation) }
    }

    func follow(_ script: @escaping @Sendable (Invocation) -> End) {
        state.withLockedValue { $0.script = script }
    }

    func begin(_ invocations: [Invocation], observer: any InvocationObserver) {
        for invocation in invocations {
            let end = state.withLockedValue { state in
                state.begun.append(invocation)
                state.underWay[invocation.id] = Attempt(invocation: invocation, observer: observer)
                return state.script.map { $0(invocation) }
            }
            continuation.yield(invocation)
            if let end { self.end(invocation, end) }
        }
    }

    /// The next attempt that has begun, in their order.
    func next() async throws -> Invocation {
        var iterator = stream.makeAsyncIterator()
        guard let invocation = await iterator.next() else { throw CancellationError() }
        return invocation
    }

    /// Ends an attempt as a gateway does: what must be durable, the usage record, the end.
    func end(_ invocation: Invocation, _ end: End) {
        prepare(invocation, end) { self.tell(invocation, end) }
    }

    /// Up to the usage record, which is written before `then` is called.
    func prepare(
        _ invocation: Invocation,
        _ end: End,
        withRecord: Bool = true,
        then: @escaping @Sendable () -> Void
    ) {
        let answer = Answer(invocation, end)
        guard answer.verdict != .notAttempted else { return then() }
        let proceed: @Sendable () -> Void = {
            if withRecord { self.write(invocation, answer.outcome) }
            then()
        }
        let observer = state.withLockedValue { $0.underWay[invocation.id]?.observer }
        guard invocation.isPrepared(answer.verdict) else { return proceed() }
        observer?.answered(answer, proceed: proceed)
    }

    /// Up to the usage record, as a gateway that is killed then.
    func prepared(_ invocation: Invocation, _ end: End, withRecord: Bool = true) async {
        await withCheckedContinuation { done in
            prepare(invocation, end, withRecord: withRecord) { done.resume() }
        }
    }

    func tell(_ invocation: Invocation, _ end: End) {
        let attempt = state.withLockedValue { $0.underWay.removeValue(forKey: invocation.id) }
        attempt?.observer.ended(Answer(invocation, end))
    }

    func write(_ invocation: Invocation, _ outcome: Outcome) {
        let record = UsageRecord(
            id: invocation.id,
            function: invocation.function.description,
            revision: "\(invocation.function)-1",
            account: "local",
            trigger: invocation.trigger,
            startKind: .warm,
            outcome: outcome,
            attempt: invocation.attempt,
            acceptedAtMicros: invocation.id.acceptedAtMillis * 1_000,
            queueMicros: 1,
            startMicros: 1,
            runMicros: 1,
            memoryMiB: 64,
            bytesIn: 1,
            bytesOut: 1,
            prices: Prices(nanosPerInvocation: 100, nanosPerGiBSecond: 1_000)
        )
        writer.withLockedValue { writer in
            do {
                let refusals = try writer.connection.commit([record])
                precondition(refusals.isEmpty, "attempt \(record.attempt) was there already")
            } catch {
                preconditionFailure("the ledger cannot be written: \(error)")
            }
        }
    }
}

extension Answer {
    init(_ invocation: Invocation, _ end: ScriptedInvoker.End) {
        var (verdict, outcome, code, body) = (Verdict.done, Outcome.completed, "", "")
        switch end {
        case .done(let text): body = text
        case .failed(let text): (verdict, outcome, code) = (.failed, .failed, text)
        case .hopeless(let text): (verdict, outcome, code) = (.hopeless, .failed, text)
        case .notAttempted: (verdict, outcome, code) = (.notAttempted, .rejected, "overloaded")
        }
        self.init(
            id: invocation.id,
            token: invocation.token,
            attempt: invocation.attempt,
            verdict: verdict,
            outcome: outcome,
            status: 200,
            code: code,
            detail: code.isEmpty ? "" : "It ended so: \(code).",
            headers: Array("content-type: application/json".utf8),
            body: Array(body.utf8)
        )
    }
}
