package import Functions
package import GatewayAPI
package import NIOCore
package import RuntimeProtocol

/// Where an invocation's answer goes; all calls come on the invocation's event loop.
package protocol AnswerReceiver: AnyObject {
    /// The head and first bytes of a streamed answer.
    func answerBegan(_ head: AnswerHead, _ body: ByteBuffer)

    /// More of a streamed answer.
    func answerContinued(_ body: ByteBuffer)

    /// How it will end, before the usage record is written; not asked of invocations by HTTP.
    ///
    /// - Returns: whether the record has to wait until `proceed` is called, from any thread.
    func answerPrepares(_ end: AnswerEnd, proceed: @escaping @Sendable () -> Void) -> Bool

    /// The rest; the usage record, if there is one, is durable. No further call follows.
    func answerEnded(_ end: AnswerEnd)
}

extension AnswerReceiver {
    package func answerPrepares(
        _ end: AnswerEnd,
        proceed: @escaping @Sendable () -> Void
    ) -> Bool {
        false
    }
}

/// What an answer says before its body.
package struct AnswerHead {
    package var id: InvocationID
    package var startKind: StartKind?
    /// The number of the revision that answers; 0 when none was reached.
    package var revision: UInt32 = 0
    package var timing: ServerTiming
    /// As the handler gave it: `:status` and header fields.
    package var meta: FrameMeta
}

extension AnswerHead {
    /// Of an invocation that was refused before it waited for anything.
    init(refused id: InvocationID) {
        self.init(
            id: id,
            timing: ServerTiming(queueMicros: 0, startMicros: 0, runMicros: 0),
            meta: FrameMeta()
        )
    }
}

/// How an answer ends.
package enum AnswerEnd {
    /// A whole answer.
    case whole(AnswerHead, ByteBuffer)
    /// The last bytes of a streamed answer.
    case last(AnswerHead, ByteBuffer)
    /// Nothing of the handler's: a problem document instead.
    case problem(AnswerHead, Problem, Outcome)
    /// A streamed answer that cannot be finished.
    case broken
}
