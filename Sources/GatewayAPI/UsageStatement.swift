/// The answer to `GET /v1/usage`: sums of usage records, and what they cost.
package struct UsageStatement: Sendable, Hashable, Codable {
    package var grouping: UsageQuery.Grouping
    /// The instants asked for, since 1970 UTC; nil where the query left one open.
    package var fromMicros: Int64?
    package var toMicros: Int64?
    package var rows: [UsageRow]
    /// All rows together; its key is `total`.
    package var total: UsageRow
    /// ISO 4217, such as `EUR`.
    package var currency: String

    package init(
        grouping: UsageQuery.Grouping,
        fromMicros: Int64?,
        toMicros: Int64?,
        rows: [UsageRow],
        total: UsageRow,
        currency: String
    ) {
        self.grouping = grouping
        self.fromMicros = fromMicros
        self.toMicros = toMicros
        self.rows = rows
        self.total = total
        self.currency = currency
    }
}

/// The usage records of one key, summed.
package struct UsageRow: Sendable, Hashable, Codable {
    /// A function, a day (`2026-01-31`), an account, a revision or a
    /// commit.
    package var key: String
    package var invocations: Int64
    /// Of invocations, each of which is one record and is charged.
    package var attempts: Int64
    /// Attempts whose outcome is not `completed`.
    package var failures: Int64
    package var billedMillis: Int64
    /// Reserved host memory times billed time.
    package var memoryMiBMillis: Int64
    /// Reserved GPU memory times billed time.
    package var gpuMemoryMiBMillis: Int64
    package var bytesIn: Int64
    package var bytesOut: Int64
    /// In 1e-9 of the currency unit.
    package var costNanos: Int64

    package init(
        key: String,
        invocations: Int64,
        attempts: Int64,
        failures: Int64,
        billedMillis: Int64,
        memoryMiBMillis: Int64,
        gpuMemoryMiBMillis: Int64,
        bytesIn: Int64,
        bytesOut: Int64,
        costNanos: Int64
    ) {
        self.key = key
        self.invocations = invocations
        self.attempts = attempts
        self.failures = failures
        self.billedMillis = billedMillis
        self.memoryMiBMillis = memoryMiBMillis
        self.gpuMemoryMiBMillis = gpuMemoryMiBMillis
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.costNanos = costNanos
    }
}
