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
    private let row: UsageRecordStatement

    /// Opens the file at `path`, whose schema the `Ledger` has made.
    package init(path: String, synchronous: Synchronous) throws(StorageError) {
        connection = try SQLiteConnection(path: path, synchronous: synchronous)
        begin = try SQLiteStatement("BEGIN IMMEDIATE", on: connection.database)
        end = try SQLiteStatement("COMMIT", on: connection.database)
        rollback = try SQLiteStatement("ROLLBACK", on: connection.database)
        row = try UsageRecordStatement(on: connection.database)
    }

    /// Commits the records in one transaction, except those that the schema refuses.
    ///
    /// A refused row undoes only itself. When this throws, none of the records is in the file.
    /// - Returns: the refused ones by their place in `records`, in ascending order.
    package func commit(_ records: [UsageRecord]) throws(StorageError) -> [Refusal] {
        var refusals: [Refusal] = []
        try begin.run()
        do throws(StorageError) {
            for place in records.indices {
                let code = row.insert(records[place])
                guard code != SQLITE_DONE else { continue }
                let error = failure(code, "writing a usage record")
                guard error.code == .refused else { throw error }
                refusals.append(Refusal(place: place, error: error))
            }
            try end.run()
        } catch {
            // The failure that counts is the first one.
            if connection.isInTransaction { _ = try? rollback.run() }
            throw error
        }
        return refusals
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

    private func failure(_ code: Int32, _ attempt: String) -> StorageError {
        StorageError(
            sqliteCode: code,
            while: attempt,
            message: String(cString: sqlite3_errmsg(connection.database))
        )
    }
}
