/// The seam between what has an event (a trigger, a probe) and what runs functions (the
/// dispatcher).
package protocol Invoker: Sendable {
    /// Runs one attempt and answers once its usage record is durable.
    ///
    /// Cancelling the task cancels the invocation.
    func invoke(_ invocation: Invocation) async -> Answer
}

/// One attempt of an invocation, as a trigger asks for it.
package struct Invocation: Sendable {
    package var id: InvocationID
    package var function: FunctionName
    package var trigger: Trigger
    /// Counts from 1.
    package var attempt: Int
    package var contentType: String
    package var body: [UInt8]

    package init(
        id: InvocationID,
        function: FunctionName,
        trigger: Trigger,
        attempt: Int = 1,
        contentType: String = "application/json",
        body: [UInt8]
    ) {
        self.id = id
        self.function = function
        self.trigger = trigger
        self.attempt = attempt
        self.contentType = contentType
        self.body = body
    }
}

/// What came of an attempt.
package struct Answer: Sendable {
    package var outcome: Outcome
    /// Nil when it was rejected.
    package var startKind: StartKind?
    /// As on the HTTP route: 200, 400, 404, 429, 500, ...
    package var status: Int
    package var contentType: String
    package var body: [UInt8]

    package init(
        outcome: Outcome,
        startKind: StartKind?,
        status: Int,
        contentType: String,
        body: [UInt8]
    ) {
        self.outcome = outcome
        self.startKind = startKind
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}
