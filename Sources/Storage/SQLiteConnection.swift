import GRDBSQLite

/// A connection for one thread at a time, through SQLite's C interface.
///
/// It takes no locks of its own, never waits for another's, and leaves checkpoints to whoever owns
/// it.
final class SQLiteConnection {
    let database: OpaquePointer
    /// Pages in the write-ahead log after the last commit; SQLite's hook counts them.
    private let logPagesCount: UnsafeMutablePointer<Int32>

    /// Opens the file at `path`, whose schema is there.
    init(path: String, synchronous: Synchronous) throws(StorageError) {
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
            // Trying again is the owner's business, who knows for how long.
            sqlite3_busy_timeout(opened, 0)
            try Self.run("PRAGMA synchronous = \(synchronous.rawValue)", on: opened)
            try Self.run("PRAGMA foreign_keys = ON", on: opened)
            try Self.run("PRAGMA journal_size_limit = \(Self.logBytesKept)", on: opened)
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

    /// Statements on it must have been finalized, or are so by SQLite when they are.
    deinit {
        sqlite3_close_v2(database)
        logPagesCount.deallocate()
    }

    /// The log's file is cut to this size, in bytes, when it begins anew after it had grown longer.
    static let logBytesKept = 64 << 20

    /// Pages in the write-ahead log after this connection's last commit, or 0 since a checkpoint
    /// of all of them.
    var logPages: Int { Int(logPagesCount.pointee) }

    /// Whether a transaction is open: after some errors SQLite has rolled back by itself.
    var isInTransaction: Bool { sqlite3_get_autocommit(database) == 0 }

    /// Moves what it can from the write-ahead log into the database file, waiting for no reader.
    ///
    /// The next commit then begins the log anew, unless a reader still needs it. A failure loses
    /// nothing: the log stays, and the next checkpoint tries again.
    func checkpoint() {
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
