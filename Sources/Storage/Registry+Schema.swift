import GRDB

extension Registry {
    /// The schema's history: append to it, and never change what has been released.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("functionsAndKeys") { database in
            try database.execute(sql: functions)
            try database.execute(sql: apiKeys)
        }
        migrator.registerMigration("originsAndTraffic") { database in
            try database.execute(sql: originsAndTraffic)
        }
        migrator.registerMigration("accountsOfServedCommits") { database in
            try database.execute(sql: accountsOfServedCommits)
        }
        return migrator
    }

    /// A function's row outlives its removal, so that a number never names two bundles.
    ///
    /// `numberLast` is the last number given out; `currentNumber` is empty before the first
    /// revision is deployed, and after removal.
    private static let functions = """
        CREATE TABLE function (
            name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 63),
            account TEXT NOT NULL CHECK (account <> ''),
            numberLast INTEGER NOT NULL CHECK (numberLast >= 1),
            currentNumber INTEGER,
            createdAtMicros INTEGER NOT NULL,
            deletedAtMicros INTEGER,
            CHECK (currentNumber IS NULL OR currentNumber <= numberLast),
            CHECK (currentNumber IS NULL OR deletedAtMicros IS NULL),
            FOREIGN KEY (name, currentNumber) REFERENCES revision (function, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE revision (
            function TEXT NOT NULL REFERENCES function (name),
            number INTEGER NOT NULL CHECK (number >= 1),
            digest TEXT NOT NULL CHECK (length(digest) = 64),
            manifest TEXT NOT NULL CHECK (json_valid(manifest)),
            account TEXT NOT NULL CHECK (account <> ''),
            deployedAtMicros INTEGER NOT NULL,
            report TEXT NOT NULL CHECK (json_valid(report)),
            PRIMARY KEY (function, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER revisionIsImmutable BEFORE UPDATE ON revision
        BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END;
        """

    /// A revision that is retired has no bundle any more; its row stays for the bills.
    ///
    /// `traffic` is empty where all goes to `currentNumber`.
    private static let originsAndTraffic = """
        ALTER TABLE revision ADD COLUMN origin TEXT CHECK (origin IS NULL OR json_valid(origin));
        ALTER TABLE revision ADD COLUMN retiredAtMicros INTEGER;
        ALTER TABLE function ADD COLUMN traffic TEXT CHECK (traffic IS NULL OR json_valid(traffic));
        DROP TRIGGER revisionIsImmutable;
        CREATE TRIGGER revisionIsImmutable
        BEFORE UPDATE OF function, number, digest, manifest, account, deployedAtMicros, report,
            origin ON revision
        BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END;
        CREATE TABLE servedCommit (
            repository TEXT NOT NULL,
            branch TEXT NOT NULL,
            commitID TEXT NOT NULL,
            atMicros INTEGER NOT NULL,
            PRIMARY KEY (repository, branch)
        ) STRICT, WITHOUT ROWID;
        """

    /// What was not kept by account belongs to each that has revisions of the repository; where
    /// there are none, to the one that a gateway without keys has.
    private static let accountsOfServedCommits = """
        ALTER TABLE servedCommit RENAME TO servedCommitBefore;
        CREATE TABLE servedCommit (
            account TEXT NOT NULL CHECK (account <> ''),
            repository TEXT NOT NULL,
            branch TEXT NOT NULL,
            commitID TEXT NOT NULL,
            atMicros INTEGER NOT NULL,
            PRIMARY KEY (account, repository, branch)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO servedCommit (account, repository, branch, commitID, atMicros)
        SELECT DISTINCT coalesce(revision.account, 'local'), before.repository, before.branch,
            before.commitID, before.atMicros
        FROM servedCommitBefore AS before LEFT JOIN revision
            ON json_extract(revision.origin, '$.repository') = before.repository;
        DROP TABLE servedCommitBefore;
        """

    private static let apiKeys = """
        CREATE TABLE apiKey (
            hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
            account TEXT NOT NULL CHECK (account <> ''),
            label TEXT NOT NULL,
            createdAtMicros INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
