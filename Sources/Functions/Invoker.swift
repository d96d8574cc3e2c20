/// The seam between what has an event (a trigger, a probe) and what runs functions (the
/// dispatcher).
package protocol Invoker: Sendable {
    /// Begins attempts; `observer` is told the end of each.
    ///
    /// Returns at once. Each attempt ends in exactly one call of `ended`, also one that could not
    /// begin.
    func begin(_ invocations: [Invocation], observer: any InvocationObserver)
}

/// Told what becomes of attempts, on threads that must not be blocked.
package protocol InvocationObserver: AnyObject, Sendable {
    /// An attempt has its answer, and no usage record yet; called where
    /// `Invocation.isPrepared(_:)` says so.
    ///
    /// The record is written once `proceed` is called, from any thread, so that what must not be
    /// lost with the gateway can be durable before the attempt counts as done.
    func answered(_ answer: Answer, proceed: @escaping @Sendable () -> Void)

    /// An attempt is over; its usage record, if it has one, is durable.
    func ended(_ answer: Answer)
}

/// One attempt of an invocation, as a trigger asks for it.
package struct Invocation: Sendable {
    package var id: InvocationID
    /// The caller's own mark, given back in the answer.
    package var token: Int64
    package var function: FunctionName
    package var trigger: Trigger
    /// Counts from 1.
    package var attempt: Int32
    /// Header fields for the handler: lines `name: value`, names in lower case.
    package var headers: [UInt8]
    package var body: [UInt8]
    /// Whether the whole answer is wanted; else only how it ended.
    package var isAnswerKept: Bool
    /// Whether a failure of this attempt is the end.
    package var isLast: Bool

    package init(
        id: InvocationID,
        token: Int64,
        function: FunctionName,
        trigger: Trigger,
        attempt: Int32,
        headers: [UInt8],
        body: [UInt8],
        isAnswerKept: Bool,
        isLast: Bool = false
    ) {
        self.id = id
        self.token = token
        self.function = function
        self.trigger = trigger
        self.attempt = attempt
        self.headers = headers
        self.body = body
        self.isAnswerKept = isAnswerKept
        self.isLast = isLast
    }

    /// Whether `answered` is called before the usage record is written: a gateway that died just
    /// after the record would not know the answer that is kept, or why no other attempt follows.
    package func isPrepared(_ verdict: Answer.Verdict) -> Bool {
        switch verdict {
        case .done: isAnswerKept
        case .failed: isLast
        case .hopeless: true
        case .notAttempted: false
        }
    }
}

/// What came of an attempt.
package struct Answer: Sendable {
    /// What a trigger does with an event after an attempt.
    package enum Verdict: Sendable, Hashable {
        /// The handler answered.
        case done
        /// It failed in a way that another attempt may not.
        case failed
        /// It would fail each time: the input does not fit.
        case hopeless
        /// It never reached an instance, or its usage record could not be written: no attempt was
        /// made.
        case notAttempted
    }

    package var id: InvocationID
    package var token: Int64
    package var attempt: Int32
    package var verdict: Verdict
    package var outcome: Outcome
    /// As on the HTTP route: 200, 400, 404, 429, 500, ...
    package var status: Int
    /// The stable code of what went wrong; empty when nothing did.
    package var code: String
    /// What went wrong, for a person.
    package var detail: String
    /// Lines `name: value`, with `content-type`; empty unless the answer is kept.
    package var headers: [UInt8]
    /// Empty unless the answer is kept.
    package var body: [UInt8]

    package init(
        id: InvocationID,
        token: Int64,
        attempt: Int32,
        verdict: Verdict,
        outcome: Outcome,
        status: Int,
        code: String = "",
        detail: String = "",
        headers: [UInt8] = [],
        body: [UInt8] = []
    ) {
        self.id = id
        self.token = token
        self.attempt = attempt
        self.verdict = verdict
        self.outcome = outcome
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.body = body
    }
}
