package import Billing
import GRDB

extension Ledger {
    /// Adds up what was used, one row for each value of the grouping.
    ///
    /// A retried attempt's day is that of the attempt, even where its invocation was accepted the
    /// day before. Takes about a second for a million records, on a connection that only reads.
    package func usage(
        _ query: LedgerQuery,
        by grouping: UsageStatement.Grouping
    ) async throws(StorageError) -> UsageStatement {
        let rows = try await read("adding up usage records") { database in
            let (condition, arguments) = query.condition
            let sql = Self.statement(condition: condition, by: grouping)
            var rows: [UsageStatement.Row] = []
            let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments)
            while let row = try cursor.next() {
                rows.append(UsageStatement.Row(row, by: grouping))
            }
            return rows
        }
        return UsageStatement(
            grouping: grouping,
            fromMicros: query.fromMicros,
            toMicros: query.toMicros,
            rows: rows
        )
    }

    /// The statement's query.
    ///
    /// The first attempt of an invocation in the ledger need not be number 1: that may have been
    /// rejected. Looking for an earlier one is asked only of later attempts, which are rare.
    /// Costs are added up in halves: SQLite fails a sum that 64 bits do not hold.
    package static func statement(condition: String, by grouping: UsageStatement.Grouping) -> String
    {
        """
        SELECT \(key(grouping)) AS key,
            count(*) AS attempts,
            count(*) - sum(attempt > 1 AND EXISTS (
                SELECT 1 FROM usageRecord AS earlier
                WHERE earlier.id = usageRecord.id AND earlier.attempt < usageRecord.attempt
            )) AS invocations,
            sum(outcome = 'completed') AS completed,
            sum(outcome = 'failed') AS failed,
            sum(outcome = 'timedOut') AS timedOut,
            sum(outcome = 'cancelled') AS cancelled,
            sum(billedMillis) AS billedMillis,
            sum(billedMillis * memoryMiB) AS memoryMiBMillis,
            sum(billedMillis * gpuMemoryMiB) AS gpuMemoryMiBMillis,
            sum(bytesIn) AS bytesIn,
            sum(bytesOut) AS bytesOut,
            sum(costNanos >> 32) AS costNanosHigh,
            sum(costNanos & 0xFFFFFFFF) AS costNanosLow
        FROM usageRecord WHERE \(condition)
        GROUP BY key ORDER BY \(order(grouping))
        """
    }

    private static func key(_ grouping: UsageStatement.Grouping) -> String {
        switch grouping {
        case .function: "function"
        case .account: "account"
        case .revision: "revision"
        case .day: "acceptedAt / \(Day.micros)"
        }
    }

    private static func order(_ grouping: UsageStatement.Grouping) -> String {
        switch grouping {
        // `echo-2` before `echo-10`.
        case .revision: "min(function), length(revision), revision"
        default: "key"
        }
    }
}

extension UsageStatement.Row {
    fileprivate init(_ row: Row, by grouping: UsageStatement.Grouping) {
        switch grouping {
        case .day: self.init(key: Day(since1970: row["key"]).description)
        default: self.init(key: row["key"])
        }
        invocations = row["invocations"]
        attempts = row["attempts"]
        completed = row["completed"]
        failed = row["failed"]
        timedOut = row["timedOut"]
        cancelled = row["cancelled"]
        billedMillis = row["billedMillis"]
        memoryMiBMillis = row["memoryMiBMillis"]
        gpuMemoryMiBMillis = row["gpuMemoryMiBMillis"]
        bytesIn = row["bytesIn"]
        bytesOut = row["bytesOut"]
        costNanos = Self.sum(high: row["costNanosHigh"], low: row["costNanosLow"])
    }

    /// A sum of halves of 32 bits; one past `Int64.max` stays there.
    private static func sum(high: Int64, low: Int64) -> Int64 {
        let (upper, isOver) = high.multipliedReportingOverflow(by: 1 << 32)
        let (sum, isAlsoOver) = upper.addingReportingOverflow(low)
        return isOver || isAlsoOver ? .max : sum
    }
}
