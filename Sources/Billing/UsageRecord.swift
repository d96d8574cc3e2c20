package import Functions

/// What one attempt of an invocation consumed: one row of the ledger's table `usageRecord`.
///
/// Made once for each answer, on an event loop: the names are meant to be shared with the pool, so
/// that a record costs reference counts and no allocation.
package struct UsageRecord: Sendable, Hashable {
    package var id: InvocationID
    package var function: String
    /// `NAME-NUMBER`, as `Revision.id` gives it.
    package var revision: String
    package var account: String
    package var trigger: Trigger
    package var startKind: StartKind
    /// Never `rejected`: what did not reach an instance has no record, and the ledger refuses one.
    package var outcome: Outcome
    /// Counts from 1 within the invocation.
    package var attempt: Int32
    /// Microseconds since 1970 UTC; for a first attempt also the time in `id`.
    package var acceptedAtMicros: Int64
    package var queueMicros: Int64
    package var startMicros: Int64
    package var runMicros: Int64
    /// What is paid for: the run time rounded up to the millisecond.
    package var billedMillis: Int64
    /// What the revision reserves, not what the instance touched.
    package var memoryMiB: Int32
    /// What the revision reserves; 0 without a GPU.
    package var gpuMemoryMiB: Int32
    package var bytesIn: Int64
    package var bytesOut: Int64
    /// In 1e-9 of the currency unit.
    package var costNanos: Int64

    /// A record at the prices given; `billedMillis` and `costNanos` follow from the rest.
    package init(
        id: InvocationID,
        function: String,
        revision: String,
        account: String,
        trigger: Trigger,
        startKind: StartKind,
        outcome: Outcome,
        attempt: Int32 = 1,
        acceptedAtMicros: Int64,
        queueMicros: Int64,
        startMicros: Int64,
        runMicros: Int64,
        memoryMiB: Int32,
        gpuMemoryMiB: Int32 = 0,
        bytesIn: Int64,
        bytesOut: Int64,
        prices: Prices
    ) {
        self.id = id
        self.function = function
        self.revision = revision
        self.account = account
        self.trigger = trigger
        self.startKind = startKind
        self.outcome = outcome
        self.attempt = attempt
        self.acceptedAtMicros = acceptedAtMicros
        self.queueMicros = queueMicros
        self.startMicros = startMicros
        self.runMicros = runMicros
        self.memoryMiB = memoryMiB
        self.gpuMemoryMiB = gpuMemoryMiB
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.billedMillis = Self.billedMillis(runMicros: runMicros)
        self.costNanos = prices.costNanos(
            billedMillis: billedMillis,
            memoryMiB: memoryMiB,
            gpuMemoryMiB: gpuMemoryMiB
        )
    }

    /// Run time rounded up to the millisecond: 0 stays 0, 1 becomes 1,000 microseconds.
    package static func billedMillis(runMicros: Int64) -> Int64 {
        let micros = max(0, runMicros)
        return micros / 1000 + (micros % 1000 == 0 ? 0 : 1)
    }
}
