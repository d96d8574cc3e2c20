package import Billing
import Functions
import GRDBSQLite

/// The one connection that writes usage records, used by one thread at a time.
///
/// It speaks to SQLite's C interface, because binding is most of a row's cost: in batches of a
/// hundred a row takes less than half the time that it takes through GRDB's statements.
package final class LedgerConnection {
    private let database: OpaquePointer
    private let begin: OpaquePointer
    private let end: OpaquePointer
    private let rollback: OpaquePointer
    private let row: UsageRecordStatement
    /// Pages in the write-ahead log after the last commit; SQLite's hook counts them.
    private let logPagesCount: UnsafeMutablePointer<Int32>

    /// Opens the file at `path`, whose schema the `Ledger` has made.
    package init(path: String, synchronous: Synchronous) throws(StorageError) {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard let opened, code == SQLITE_OK else {
            sqlite3_close_v2(opened)
            throw StorageError(
                sqliteCode: code,
                while: "opening \(path)",
                message: String(cString: sqlite3_errstr(code))
            )
        }
        do throws(StorageError) {
            sqlite3_extended_result_codes(opened, 1)
            // Trying again is the writer's business, which knows for how long.
            sqlite3_busy_timeout(opened, 0)
            try Self.run("PRAGMA synchronous = \(synchronous.rawValue)", on: opened)
            try Self.run("PRAGMA foreign_keys = ON", on: opened)
            try Self.run("PRAGMA journal_size_limit = \(Self.logBytesKept)", on: opened)
            begin = try Self.prepare("BEGIN IMMEDIATE", on: opened)
            end = try Self.prepare("COMMIT", on: opened)
            rollback = try Self.prepare("ROLLBACK", on: opened)
            row = UsageRecordStatement(
                try Self.prepare(UsageRecordStatement.text, on: opened)
            )
        } catch {
            sqlite3_close_v2(opened)
            throw error
        }
        database = opened
        logPagesCount = .allocate(capacity: 1)
        logPagesCount.initialize(to: 0)
        // In place of SQLite's own hook, which checkpoints inside a commit.
        sqlite3_wal_hook(
            opened,
            { context, _, _, pages in
                context?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            },
            logPagesCount
        )
    }

    deinit {
        for statement in [begin, end, rollback, row.statement] { sqlite3_finalize(statement) }
        sqlite3_close_v2(database)
        logPagesCount.deallocate()
    }

    /// Commits the records in one transaction, except those that the schema refuses.
    ///
    /// A refused row undoes only itself. When this throws, none of the records is in the file.
    /// - Returns: the refused ones by their place in `records`, in ascending order.
    package func commit(_ records: [UsageRecord]) throws(StorageError) -> [Refusal] {
        var refusals: [Refusal] = []
        try step(begin, "beginning a transaction of the ledger")
        do throws(StorageError) {
            for place in records.indices {
                let code = row.insert(records[place])
                guard code != SQLITE_DONE else { continue }
                let error = failure(code, "writing a usage record")
                guard error.code == .refused else { throw error }
                refusals.append(Refusal(place: place, error: error))
            }
            try step(end, "committing usage records")
        } catch {
            // After some errors SQLite has rolled back by itself.
            if sqlite3_get_autocommit(database) == 0 {
                sqlite3_step(rollback)
                sqlite3_reset(rollback)
            }
            throw error
        }
        return refusals
    }

    /// The log's file is cut to this size, in bytes, when it begins anew after it had grown longer.
    package static let logBytesKept = 64 << 20

    /// A record that the schema does not allow.
    package struct Refusal {
        package let place: Int
        package let error: StorageError
    }

    /// Pages in the write-ahead log after this connection's last commit, or 0 since a checkpoint
    /// of all of them.
    package var logPages: Int { Int(logPagesCount.pointee) }

    /// Moves what it can from the write-ahead log into the database file, waiting for no reader.
    ///
    /// The next commit then begins the log anew, unless a reader still needs it. A failure loses
    /// nothing: the log stays, and the next checkpoint tries again.
    package func checkpoint() {
        var pages: Int32 = 0
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(
            database,
            nil,
            SQLITE_CHECKPOINT_PASSIVE,
            &pages,
            &moved
        )
        if code == SQLITE_OK, moved >= pages { logPagesCount.pointee = 0 }
    }
}

extension LedgerConnection {
    private func step(_ statement: OpaquePointer, _ attempt: String) throws(StorageError) {
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        guard code == SQLITE_DONE else { throw failure(code, attempt) }
    }

    private func failure(_ code: Int32, _ attempt: String) -> StorageError {
        StorageError(
            sqliteCode: code,
            while: attempt,
            message: String(cString: sqlite3_errmsg(database))
        )
    }

    private static func prepare(
        _ text: String,
        on database: OpaquePointer
    ) throws(StorageError) -> OpaquePointer {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            database,
            text,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &statement,
            nil
        )
        guard let statement, code == SQLITE_OK else {
            throw StorageError(
                sqliteCode: code,
                while: "preparing the ledger's statements",
                message: String(cString: sqlite3_errmsg(database))
            )
        }
        return statement
    }

    private static func run(_ text: String, on database: OpaquePointer) throws(StorageError) {
        let code = sqlite3_exec(database, text, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw StorageError(
                sqliteCode: code,
                while: text,
                message: String(cString: sqlite3_errmsg(database))
            )
        }
    }
}
