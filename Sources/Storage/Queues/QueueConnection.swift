/// The one connection that writes `queue.sqlite`, used by one thread.
///
/// Every verb is one statement; what belongs together is put between `begin` and `commit`.
package final class QueueConnection {
    private let connection: SQLiteConnection
    private let beginning: SQLiteStatement
    private let ending: SQLiteStatement
    private let rollback: SQLiteStatement
    private let pages: SQLiteStatement
    private let freePages: SQLiteStatement
    private let pageBytes: Int64
    let statements: QueueStatements

    init(path: String, synchronous: Synchronous) throws(StorageError) {
        connection = try SQLiteConnection(path: path, synchronous: synchronous)
        let database = connection.database
        beginning = try SQLiteStatement("BEGIN IMMEDIATE", on: database)
        ending = try SQLiteStatement("COMMIT", on: database)
        rollback = try SQLiteStatement("ROLLBACK", on: database)
        pages = try SQLiteStatement("PRAGMA page_count", on: database)
        freePages = try SQLiteStatement("PRAGMA freelist_count", on: database)
        pageBytes = try SQLiteStatement("PRAGMA page_size", on: database).integer() ?? 4096
        statements = try QueueStatements(on: database)
    }

    package func begin() throws(StorageError) { try beginning.run() }

    package func commit() throws(StorageError) { try ending.run() }

    /// Gives up what was done since `begin`; nothing of it is in the file.
    package func abandon() {
        if connection.isInTransaction { _ = try? rollback.run() }
    }

    /// Bytes of the file that hold something.
    package func bytesUsed() throws(StorageError) -> Int64 {
        ((try pages.integer() ?? 0) - (try freePages.integer() ?? 0)) * pageBytes
    }

    /// See `SQLiteConnection.logPages`.
    package var logPages: Int { connection.logPages }

    /// See `SQLiteConnection.checkpoint`.
    package func checkpoint() { connection.checkpoint() }
}
