import Functions
import GatewayAPI
import NIOCore
import RuntimeProtocol

/// Gathers the answer to an attempt that a trigger asked for, and tells its observer.
///
/// All calls come on the invocation's event loop.
final class EventReceiver: AnswerReceiver {
    private let invocation: Invocation
    private let observer: any InvocationObserver
    private var meta = FrameMeta()
    private var gathered = GatheredAnswer()

    init(_ invocation: Invocation, observer: any InvocationObserver) {
        self.invocation = invocation
        self.observer = observer
    }

    func answerBegan(_ head: AnswerHead, _ body: ByteBuffer) {
        guard invocation.isAnswerKept else { return }
        meta = head.meta
        gathered.append(body)
    }

    func answerContinued(_ body: ByteBuffer) {
        if invocation.isAnswerKept { gathered.append(body) }
    }

    func answerPrepares(_ end: AnswerEnd, proceed: @escaping @Sendable () -> Void) -> Bool {
        let answer = answer(end)
        guard invocation.isPrepared(answer.verdict) else { return false }
        observer.answered(answer, proceed: proceed)
        return true
    }

    func answerEnded(_ end: AnswerEnd) { observer.ended(answer(end)) }
}

extension EventReceiver {
    private func answer(_ end: AnswerEnd) -> Answer {
        switch end {
        case .whole(let head, let body): done(head.meta, body)
        case .last(_, let body): last(body)
        case .problem(_, let problem, let outcome): failed(problem, outcome)
        case .broken:
            failed(
                Problem(.handlerRaised, detail: "The streamed answer broke off: see the logs."),
                .failed
            )
        }
    }

    /// Of a streamed answer; it may be asked for twice.
    private func last(_ body: ByteBuffer) -> Answer {
        var whole = gathered
        whole.append(body)
        guard !whole.isTooLarge else {
            return failed(
                Problem(
                    .answerTooLarge,
                    detail: "The answer is over \(GatheredAnswer.bytesMax >> 20) MiB, which is "
                        + "what is kept: invoke the function by /function/NAME to have all of it."
                ),
                .failed
            )
        }
        return done(meta, whole.bytes)
    }

    private func done(_ meta: FrameMeta, _ body: ByteBuffer) -> Answer {
        var answer = Answer(
            id: invocation.id,
            token: invocation.token,
            attempt: invocation.attempt,
            verdict: .done,
            outcome: .completed,
            status: 200
        )
        guard invocation.isAnswerKept else { return answer }
        answer.status = meta[":status"].flatMap { Int($0) } ?? 200
        answer.headers = Array(meta.lines.readableBytesView)
        answer.body = Array(body.readableBytesView)
        return answer
    }

    private func failed(_ problem: Problem, _ outcome: Outcome) -> Answer {
        Answer(
            id: invocation.id,
            token: invocation.token,
            attempt: invocation.attempt,
            verdict: Self.verdict(problem.code, outcome),
            outcome: outcome,
            status: problem.status,
            code: problem.code,
            detail: problem.detail ?? problem.title
        )
    }

    private static func verdict(_ code: String, _ outcome: Outcome) -> Answer.Verdict {
        switch ProblemCode(rawValue: code) {
        case .inputInvalid, .answerTooLarge, .payloadTooLarge, .headersTooLarge: .hopeless
        // The ledger could not take the row: whatever the handler did counts as not done.
        case .notReady: .notAttempted
        default: outcome == .rejected ? .notAttempted : .failed
        }
    }
}
