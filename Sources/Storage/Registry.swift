package import Functions
package import GRDB

/// What is deployed and who may use it, in `<data>/registry.sqlite`.
///
/// Every change is on the disk (`synchronous = FULL`) when its verb returns.
package final class Registry: Sendable {
    package let path: String
    package let database: DatabasePool

    /// Opens the file, or makes it in a folder that exists; blocks for as long as the disk takes.
    package init(path: String) throws(StorageError) {
        self.path = path
        do {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            configuration.busyMode = .timeout(Ledger.lockSecondsMax)
            configuration.maximumReaderCount = 2
            configuration.label = "registry"
            database = try DatabasePool(path: path, configuration: configuration)
            // A pool sets NORMAL when it opens.
            try database.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = FULL")
            }
            try Self.migrator.migrate(database)
        } catch {
            throw StorageError(error, while: "opening \(path)")
        }
    }

    package func close() throws(StorageError) {
        do { try database.close() } catch { throw StorageError(error, while: "closing \(path)") }
    }

    /// Gives out the next revision number of a function: from 1, never the same twice, not even
    /// after a deploy that failed or a function that was removed.
    ///
    /// Throws `refused` where the function belongs to another account.
    package func reserveNumber(
        for name: FunctionName,
        account: Account,
        atMicros micros: Int64
    ) async throws(StorageError) -> Int {
        try await write("giving out a revision number of \(name)") { database in
            try Self.requireOwner(account, of: name, in: database)
            let number = try Int.fetchOne(
                database,
                sql: """
                    INSERT INTO function (name, account, numberLast, createdAtMicros)
                    VALUES (?, ?, 1, ?)
                    ON CONFLICT (name) DO UPDATE SET numberLast = numberLast + 1
                    RETURNING numberLast
                    """,
                arguments: [name.description, account.description, micros]
            )
            guard let number else { throw StorageError(.fault, "no number was given out") }
            return number
        }
    }

    /// Records revisions under numbers that were given out, divides their functions' traffic, and
    /// takes functions out of service: all of it or nothing.
    ///
    /// Throws `refused` where a number was not given out or is taken, or a function belongs to
    /// another account.
    package func apply(_ release: Release) async throws(StorageError) {
        var rows: [(RevisionRow, String)] = []
        for part in release.parts {
            rows.append((try RevisionRow(part.deployment), try RevisionRow.text(of: part.traffic)))
        }
        let (parts, changes) = (release.parts, rows)
        try await write("deploying \(parts.map(\.deployment.revision.id))") { database in
            for (part, (row, traffic)) in zip(parts, changes) {
                let revision = part.deployment.revision
                try Self.requireOwner(revision.account, of: revision.function, in: database)
                try row.insert(database)
                try database.execute(
                    sql: """
                        UPDATE function SET account = ?, currentNumber = ?, traffic = ?,
                            deletedAtMicros = NULL
                        WHERE name = ?
                        """,
                    arguments: [row.account, part.traffic.primary, traffic, row.function]
                )
            }
            for name in release.removals {
                try Self.remove(name, atMicros: release.atMicros, in: database)
            }
            if let commit = release.commit { try Self.record(commit, in: database) }
        }
    }

    /// Divides a function's traffic anew.
    /// - Returns: false when there was no such function.
    @discardableResult package func setTraffic(
        _ traffic: Traffic,
        of name: FunctionName
    ) async throws(StorageError) -> Bool {
        let text = try RevisionRow.text(of: traffic)
        return try await write("dividing the traffic of \(name)") { database in
            try database.execute(
                sql: """
                    UPDATE function SET currentNumber = ?, traffic = ?
                    WHERE name = ? AND currentNumber IS NOT NULL
                    """,
                arguments: [traffic.primary, text, name.description]
            )
            return database.changesCount == 1
        }
    }

    /// Takes a function out of service; its revisions stay, for the bills that name them, and can
    /// not be served again.
    /// - Returns: false when there was no such function.
    @discardableResult package func remove(
        _ name: FunctionName,
        atMicros micros: Int64
    ) async throws(StorageError) -> Bool {
        try await write("removing \(name)") { database in
            try Self.remove(name, atMicros: micros, in: database)
        }
    }

    @discardableResult private static func remove(
        _ name: FunctionName,
        atMicros micros: Int64,
        in database: Database
    ) throws -> Bool {
        try database.execute(
            sql: """
                UPDATE function SET currentNumber = NULL, traffic = NULL, deletedAtMicros = ?
                WHERE name = ? AND currentNumber IS NOT NULL
                """,
            arguments: [micros, name.description]
        )
        guard database.changesCount == 1 else { return false }
        try database.execute(
            sql: """
                UPDATE revision SET retiredAtMicros = ?
                WHERE function = ? AND retiredAtMicros IS NULL
                """,
            arguments: [micros, name.description]
        )
        return true
    }

    private static func requireOwner(
        _ account: Account,
        of name: FunctionName,
        in database: Database
    ) throws {
        let owner = try String.fetchOne(
            database,
            sql: "SELECT account FROM function WHERE name = ? AND currentNumber IS NOT NULL",
            arguments: [name.description]
        )
        guard owner == nil || owner == account.description else {
            throw StorageError(.refused, "the function \(name) belongs to another account")
        }
    }

    func write<Value: Sendable>(
        _ attempt: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        do { return try await database.write(body) } catch {
            throw StorageError(error, while: attempt)
        }
    }

    func read<Value: Sendable>(
        _ attempt: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        do { return try await database.read(body) } catch {
            throw StorageError(error, while: attempt)
        }
    }
}
