package import Billing
import Functions
import GRDBSQLite

/// The one connection that writes usage records, used by one thread at a time.
///
/// It speaks to SQLite's C interface, because binding is most of a row's cost: in batches of a
/// hundred a row takes less than half the time that it takes through GRDB's statements.
package final class LedgerConnection {
    private let connection: SQLiteConnection
    private let begin: SQLiteStatement
    private let end: SQLiteStatement
    private let rollback: SQLiteStatement
    private let one: UsageRecordStatement
    private let several: UsageRecordStatement

    /// A row of eight to a statement costs a quarter less than one of its own; of more, hardly.
    private static let recordsOfStatement = 8

    /// Opens the file at `path`, whose schema the `Ledger` has made.
    package init(path: String, synchronous: Synchronous) throws(StorageError) {
        connection = try SQLiteConnection(path: path, synchronous: synchronous)
        begin = try SQLiteStatement("BEGIN IMMEDIATE", on: connection.database)
        end = try SQLiteStatement("COMMIT", on: connection.database)
        rollback = try SQLiteStatement("ROLLBACK", on: connection.database)
        one = try UsageRecordStatement(recordCount: 1, on: connection.database)
        several = try UsageRecordStatement(
            recordCount: Self.recordsOfStatement,
            on: connection.database
        )
    }

    /// Commits the records in one transaction, except those that the schema refuses.
    ///
    /// A refused row undoes only itself. When this throws, none of the records is in the file.
    /// - Returns: the refused ones by their place in `records`, in ascending order.
    package func commit(_ records: [UsageRecord]) throws(StorageError) -> [Refusal] {
        try begin.run()
        do throws(StorageError) {
            let refusals = try insert(records)
            try end.run()
            return refusals
        } catch {
            // The failure that counts is the first one.
            if connection.isInTransaction { _ = try? rollback.run() }
            throw error
        }
    }

    private func insert(_ records: [UsageRecord]) throws(StorageError) -> [Refusal] {
        var refusals: [Refusal] = []
        for start in stride(from: 0, to: records.count, by: several.recordCount) {
            let places = start..<min(start + several.recordCount, records.count)
            // One that is refused takes the others of its statement with it.
            if places.count == several.recordCount,
                try refusal(several.insert(records[places])) == nil
            {
                continue
            }
            for place in places {
                guard let error = try refusal(one.insert(records[place...place])) else { continue }
                refusals.append(Refusal(place: place, error: error))
            }
        }
        return refusals
    }

    /// Nil when what a statement returned says that it is done; throws what no other record could
    /// mend.
    private func refusal(_ code: Int32) throws(StorageError) -> StorageError? {
        guard code != SQLITE_DONE else { return nil }
        let error = StorageError(
            sqliteCode: code,
            while: "writing a usage record",
            message: String(cString: sqlite3_errmsg(connection.database))
        )
        guard error.code == .refused else { throw error }
        return error
    }

    /// A record that the schema does not allow.
    package struct Refusal {
        package let place: Int
        package let error: StorageError
    }

    /// See `SQLiteConnection.logPages`.
    package var logPages: Int { connection.logPages }

    /// See `SQLiteConnection.checkpoint`.
    package func checkpoint() { connection.checkpoint() }
}
