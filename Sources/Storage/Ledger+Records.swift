package import Billing
package import Functions
import GRDB

extension Ledger {
    /// Rows in a page at most.
    package static let pageRowsMax = 10_000

    /// Some records in the order of their ids, and where the next ones begin.
    package struct Page: Sendable {
        package var records: [UsageRecord]
        /// Nil when these are the last.
        package var next: Place?
    }

    /// A record's place in the ledger.
    package struct Place: Sendable, Hashable {
        package var id: InvocationID
        package var attempt: Int32

        package init(id: InvocationID, attempt: Int32) {
            self.id = id
            self.attempt = attempt
        }
    }

    /// All attempts of an invocation, the first one first; empty when it is not in the ledger.
    package func records(of id: InvocationID) async throws(StorageError) -> [UsageRecord] {
        try await read("reading usage records") { database in
            try Self.fetch(database, "id = ? ORDER BY attempt", [id.description])
        }
    }

    /// One page of records; the first where `after` is nil.
    ///
    /// `limit` is the number of rows at most, and never more than `pageRowsMax`.
    package func records(
        _ query: LedgerQuery,
        after: Place? = nil,
        limit: Int = pageRowsMax
    ) async throws(StorageError) -> Page {
        let limit = max(1, min(limit, Self.pageRowsMax))
        let records = try await read("reading usage records") { database in
            var (sql, arguments) = query.condition
            if let after {
                sql += " AND (id, attempt) > (?, ?)"
                arguments += [after.id.description, after.attempt]
            }
            return try Self.fetch(
                database,
                "\(sql) ORDER BY id, attempt LIMIT \(limit + 1)",
                arguments
            )
        }
        guard records.count > limit else { return Page(records: records, next: nil) }
        let page = Array(records.prefix(limit))
        return Page(records: page, next: page.last.map { Place(id: $0.id, attempt: $0.attempt) })
    }

    private static func fetch(
        _ database: Database,
        _ condition: String,
        _ arguments: StatementArguments
    ) throws -> [UsageRecord] {
        let sql = "SELECT \(UsageRecord.columns) FROM usageRecord WHERE \(condition)"
        var records: [UsageRecord] = []
        let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
        while let row = try rows.next() { records.append(try UsageRecord(row)) }
        return records
    }
}

extension Ledger {
    /// What the ledger has of an invocation's attempts.
    package struct Attempts: Sendable, Hashable {
        /// The last one's number.
        package var last: Int32
        /// The completed one's number; nil when none is.
        package var completed: Int32?
    }

    /// The attempts of each invocation that has any; blocks.
    package func attempts(
        of ids: [InvocationID]
    ) throws(StorageError) -> [InvocationID: Attempts] {
        try Self.attempt("reading attempts") {
            try readers.read { database in
                var found: [InvocationID: Attempts] = [:]
                let marks = ids.map { _ in "?" }.joined(separator: ",")
                let rows = try Row.fetchCursor(
                    database,
                    sql: "SELECT id, attempt, outcome FROM usageRecord WHERE id IN (\(marks))",
                    arguments: StatementArguments(ids.map(\.description))
                )
                while let row = try rows.next() {
                    guard let id = InvocationID(row[0]) else { continue }
                    let attempt: Int32 = row[1]
                    var attempts = found[id] ?? Attempts(last: attempt)
                    attempts.last = max(attempts.last, attempt)
                    if row[2] == Outcome.completed.rawValue { attempts.completed = attempt }
                    found[id] = attempts
                }
                return found
            }
        }
    }
}
