/// What was used in a span of time, added up by one property of the records.
package struct UsageStatement: Sendable, Hashable {
    /// A GiB during a second, counted in MiB during a millisecond.
    package static let mibMillisPerGiBSecond: UInt64 = 1024 * 1000

    /// The property whose equal values share a row.
    package enum Grouping: String, Sendable, Hashable, CaseIterable, Codable {
        case function, day, account, revision
    }

    package var grouping: Grouping
    /// Microseconds since 1970 UTC; records of invocations accepted from here on are in it.
    package var fromMicros: Int64
    /// Microseconds since 1970 UTC; exclusive.
    package var toMicros: Int64
    /// In the order of their keys.
    package var rows: [Row]

    package init(grouping: Grouping, fromMicros: Int64, toMicros: Int64, rows: [Row]) {
        self.grouping = grouping
        self.fromMicros = fromMicros
        self.toMicros = toMicros
        self.rows = rows
    }

    /// All rows together, under the key `total`.
    package var total: Row {
        rows.reduce(into: Row(key: "total")) { $0.add($1) }
    }

    /// One line of the statement.
    ///
    /// Counts by outcome are of attempts, and add up to `attempts`.
    package struct Row: Sendable, Hashable {
        /// A function's or account's name, a revision's id, or a day of UTC as `2026-01-31`.
        package var key: String
        package var invocations: Int64 = 0
        package var attempts: Int64 = 0
        package var completed: Int64 = 0
        package var failed: Int64 = 0
        package var timedOut: Int64 = 0
        package var cancelled: Int64 = 0
        package var billedMillis: Int64 = 0
        /// Reserved MiB times billed milliseconds, exact.
        package var memoryMiBMillis: Int64 = 0
        /// Reserved MiB of GPU memory times billed milliseconds, exact.
        package var gpuMemoryMiBMillis: Int64 = 0
        package var bytesIn: Int64 = 0
        package var bytesOut: Int64 = 0
        /// In 1e-9 of the currency unit, as charged when the attempts ended.
        package var costNanos: Int64 = 0

        package init(key: String) { self.key = key }

        /// Adds the other row's quantities; a sum past `Int64.max` stays there.
        package mutating func add(_ other: Row) {
            for quantity in Self.quantities {
                let (sum, overflow) = self[keyPath: quantity]
                    .addingReportingOverflow(other[keyPath: quantity])
                self[keyPath: quantity] = overflow ? .max : sum
            }
        }

        private static var quantities: [WritableKeyPath<Row, Int64>] {
            [
                \.invocations, \.attempts, \.completed, \.failed, \.timedOut, \.cancelled,
                \.billedMillis, \.memoryMiBMillis, \.gpuMemoryMiBMillis, \.bytesIn, \.bytesOut,
                \.costNanos,
            ]
        }
    }
}
