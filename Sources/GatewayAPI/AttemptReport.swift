package import Functions

/// One attempt of an invocation that is over: its usage record.
package struct AttemptReport: Sendable, Hashable, Codable {
    /// Counts from 1.
    package var attempt: Int
    /// `NAME-NUMBER`; a deploy between two attempts changes it.
    package var revision: String
    package var startKind: StartKind
    package var outcome: Outcome
    /// Since 1970 UTC.
    package var acceptedAtMicros: Int64
    package var timings: InvocationTimings
    package var billedMillis: Int64
    /// In 1e-9 of the currency unit.
    package var costNanos: Int64
    /// What the handler or the gateway said, when it did not go well and it is still known.
    package var message: String?

    package init(
        attempt: Int,
        revision: String,
        startKind: StartKind,
        outcome: Outcome,
        acceptedAtMicros: Int64,
        timings: InvocationTimings,
        billedMillis: Int64,
        costNanos: Int64,
        message: String?
    ) {
        self.attempt = attempt
        self.revision = revision
        self.startKind = startKind
        self.outcome = outcome
        self.acceptedAtMicros = acceptedAtMicros
        self.timings = timings
        self.billedMillis = billedMillis
        self.costNanos = costNanos
        self.message = message
    }
}
