package import GRDB

/// Messages, kept results and schedules of a node, in `<data>/queue.sqlite`.
///
/// Owns the file: makes and migrates its schema, lends the one connection that writes, and reads
/// through connections of its own.
package final class QueueStore: Sendable {
    package let path: String
    let synchronous: Synchronous
    package let readers: DatabasePool

    /// Opens the file, or makes it in a folder that exists; blocks for as long as the disk takes.
    package init(path: String, synchronous: Synchronous = .normal) throws(StorageError) {
        self.path = path
        self.synchronous = synchronous
        readers = try Ledger.attempt("opening \(path)") {
            let writable = try DatabaseQueue(path: path, configuration: Self.configuration)
            try writable.writeWithoutTransaction { database in
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            }
            try Self.migrator.migrate(writable)
            var configuration = Self.configuration
            configuration.readonly = true
            configuration.maximumReaderCount = readersMax
            // Opened while `writable` still is: the last connection to close removes the log, which
            // one that only reads may not make again.
            return try DatabasePool(path: path, configuration: configuration)
        }
    }

    /// A connection for the thread that writes; a store has one at a time.
    package func connect() throws(StorageError) -> QueueConnection {
        try QueueConnection(path: path, synchronous: synchronous)
    }

    /// Closes the readers; the writer is closed by who has it.
    package func close() throws(StorageError) {
        try Ledger.attempt("closing \(path)") { try readers.close() }
    }

    /// Reads that may go on at once, others waiting.
    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Ledger.lockSecondsMax)
        configuration.label = "queue"
        return configuration
    }
}

private let readersMax = 2

extension QueueStore {
    /// The schema's history: append to it, and never change what has been released.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("queue") { try $0.execute(sql: schema) }
        return migrator
    }

    /// A message's `place` is its queue's number and, in the low 40 bits, its number in the queue,
    /// so that a queue is a range of the table itself and needs no index: what is added comes last
    /// and what is taken comes first, however many wait.
    private static let schema = """
        CREATE TABLE queue (
            number INTEGER PRIMARY KEY CHECK (number > 0),
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            account TEXT NOT NULL,
            UNIQUE (kind, name)
        );
        CREATE TABLE message (
            place INTEGER PRIMARY KEY,
            id BLOB NOT NULL CHECK (length(id) = 16),
            attempt INTEGER NOT NULL DEFAULT 0,
            tries INTEGER NOT NULL DEFAULT 0,
            dueAt INTEGER,
            verdict INTEGER,
            groupKey TEXT,
            origin INTEGER,
            diedAt INTEGER,
            code TEXT,
            detail TEXT,
            callback TEXT,
            headers BLOB NOT NULL,
            body BLOB NOT NULL
        );
        CREATE UNIQUE INDEX messageID ON message (id);
        CREATE INDEX messageDue ON message (dueAt) WHERE dueAt IS NOT NULL;
        CREATE INDEX messageGroup ON message (groupKey, place) WHERE groupKey IS NOT NULL;
        CREATE TABLE deduplication (
            queue INTEGER NOT NULL,
            key TEXT NOT NULL,
            id BLOB NOT NULL,
            expiresAt INTEGER NOT NULL,
            PRIMARY KEY (queue, key)
        ) WITHOUT ROWID;
        CREATE INDEX deduplicationExpiry ON deduplication (expiresAt);
        CREATE TABLE failure (
            id BLOB NOT NULL,
            attempt INTEGER NOT NULL,
            code TEXT NOT NULL,
            detail TEXT NOT NULL,
            expiresAt INTEGER NOT NULL,
            PRIMARY KEY (id, attempt)
        ) WITHOUT ROWID;
        CREATE INDEX failureExpiry ON failure (expiresAt);
        CREATE TABLE result (
            id BLOB PRIMARY KEY,
            function TEXT NOT NULL,
            isFinal INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            status INTEGER NOT NULL,
            headers BLOB NOT NULL,
            body BLOB NOT NULL,
            bytes INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX resultExpiry ON result (expiresAt, bytes);
        CREATE TABLE callback (
            id BLOB PRIMARY KEY,
            function TEXT NOT NULL,
            url TEXT NOT NULL,
            outcome TEXT NOT NULL,
            status INTEGER NOT NULL,
            headers BLOB NOT NULL,
            body BLOB NOT NULL,
            endedAt INTEGER NOT NULL,
            tries INTEGER NOT NULL,
            dueAt INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX callbackDue ON callback (dueAt);
        CREATE TABLE schedule (
            function TEXT NOT NULL,
            name TEXT NOT NULL,
            lastAt INTEGER NOT NULL,
            PRIMARY KEY (function, name)
        ) WITHOUT ROWID;
        """
}
