package import GRDB

/// The usage records of a node, in `<data>/billing.sqlite`.
///
/// Owns the file: makes and migrates its schema, lends the one writer, and reads through
/// connections of its own, which neither wait for the writer nor hold it up.
package final class Ledger: Sendable {
    package struct Settings: Sendable, Hashable {
        /// Default `normal`.
        package var synchronous = Synchronous.normal
        /// Statements and pages that may be read at once, others waiting; default 2.
        package var readersMax = 2

        package init() {}
    }

    package let path: String
    let settings: Settings
    package let readers: DatabasePool

    /// Opens the file, or makes it in a folder that exists.
    ///
    /// Blocks for as long as the disk takes, and up to `lockSecondsMax` while another process
    /// migrates it.
    package init(path: String, settings: Settings = Settings()) throws(StorageError) {
        self.path = path
        self.settings = settings
        readers = try Self.attempt("opening \(path)") {
            let writable = try DatabaseQueue(path: path, configuration: Self.configuration)
            try writable.writeWithoutTransaction { database in
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            }
            try Self.migrator.migrate(writable)
            var configuration = Self.configuration
            configuration.readonly = true
            configuration.maximumReaderCount = max(1, settings.readersMax)
            // Opened while `writable` still is: the last connection to close removes the log, which
            // one that only reads may not make again.
            return try DatabasePool(path: path, configuration: configuration)
        }
    }

    /// A connection for the thread that writes; a ledger has one at a time.
    package func connect() throws(StorageError) -> LedgerConnection {
        try LedgerConnection(path: path, synchronous: settings.synchronous)
    }

    /// Closes the readers; the writer is closed by who has it.
    package func close() throws(StorageError) {
        try Self.attempt("closing \(path)") { try readers.close() }
    }

    /// How long opening waits for another process's lock, in seconds.
    static let lockSecondsMax = 5.0

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(lockSecondsMax)
        configuration.label = "ledger"
        return configuration
    }

    static func attempt<Value>(
        _ attempt: String,
        _ body: () throws -> Value
    ) throws(StorageError) -> Value {
        do { return try body() } catch { throw StorageError(error, while: attempt) }
    }

    /// Runs `body` on a connection that only reads, with what it sees unchanged meanwhile.
    func read<Value: Sendable>(
        _ attempt: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        do { return try await readers.read(body) } catch {
            throw StorageError(error, while: attempt)
        }
    }
}
