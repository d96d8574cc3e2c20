package import Functions

/// The answer to `GET /v1/invocations/ID`: what became of an invocation, and why it took its time.
package struct InvocationReport: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// Enqueued or accepted, and not with an instance yet.
        case waiting
        case running
        /// An attempt failed, and another is due.
        case retrying
        /// It has its outcome, or its result.
        case ended
        /// A dead letter: it is tried no more, unless it is redriven.
        case dead
    }

    package var id: String
    package var function: String
    /// `NAME-NUMBER`.
    package var revision: String
    package var account: String
    /// `http`, `async`, `queue:NAME`, `schedule:NAME` or `probe`.
    package var trigger: String
    package var state: State
    /// Nil until it has ended.
    package var outcome: Outcome?
    /// Nil when it never reached an instance.
    package var startKind: StartKind?
    /// The HTTP status of the answer; nil when there was none or it is no longer known.
    package var status: Int?
    /// Since 1970 UTC.
    package var acceptedAtMicros: Int64
    package var timings: InvocationTimings
    package var billedMillis: Int64
    /// In 1e-9 of the currency unit.
    package var costNanos: Int64
    /// ISO 4217, such as `EUR`.
    package var currency: String
    package var attempts: Int
    /// What the handler or the gateway said, when it did not go well.
    package var message: String?
    /// Sentences for a person: why it took what it took, and ended as it did.
    package var explanation: [String]
    /// When its message was enqueued, since 1970 UTC; nil for an invocation by HTTP.
    package var enqueuedAtMicros: Int64?
    /// Where its message waits or waited.
    package var queue: String?
    /// Since 1970 UTC; nil unless another attempt is due.
    package var nextAttemptAtMicros: Int64?
    /// Those that are over, first one first.
    package var attemptReports: [AttemptReport]
    /// Until when its result can be read, since 1970 UTC; nil when none is kept.
    package var resultKeptUntilMicros: Int64?

    package init(
        id: String,
        function: String,
        revision: String,
        account: String,
        trigger: String,
        state: State,
        outcome: Outcome?,
        startKind: StartKind?,
        status: Int?,
        acceptedAtMicros: Int64,
        timings: InvocationTimings,
        billedMillis: Int64,
        costNanos: Int64,
        currency: String,
        attempts: Int,
        message: String?,
        explanation: [String],
        enqueuedAtMicros: Int64? = nil,
        queue: String? = nil,
        nextAttemptAtMicros: Int64? = nil,
        attemptReports: [AttemptReport] = [],
        resultKeptUntilMicros: Int64? = nil
    ) {
        self.id = id
        self.function = function
        self.revision = revision
        self.account = account
        self.trigger = trigger
        self.state = state
        self.outcome = outcome
        self.startKind = startKind
        self.status = status
        self.acceptedAtMicros = acceptedAtMicros
        self.timings = timings
        self.billedMillis = billedMillis
        self.costNanos = costNanos
        self.currency = currency
        self.attempts = attempts
        self.message = message
        self.explanation = explanation
        self.enqueuedAtMicros = enqueuedAtMicros
        self.queue = queue
        self.nextAttemptAtMicros = nextAttemptAtMicros
        self.attemptReports = attemptReports
        self.resultKeptUntilMicros = resultKeptUntilMicros
    }
}

/// Where an invocation's time went.
package struct InvocationTimings: Sendable, Hashable, Codable {
    package var queueMicros: Int64
    package var startMicros: Int64
    package var runMicros: Int64

    package init(queueMicros: Int64, startMicros: Int64, runMicros: Int64) {
        self.queueMicros = queueMicros
        self.startMicros = startMicros
        self.runMicros = runMicros
    }
}
