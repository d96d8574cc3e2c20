import Functions
import GRDB

extension Registry {
    /// Throws `refused` where the same key is there already.
    package func add(_ key: APIKey) async throws(StorageError) {
        try await write("adding an API key") { database in
            try database.execute(
                sql: """
                    INSERT INTO apiKey (hash, account, label, createdAtMicros) VALUES (?, ?, ?, ?)
                    """,
                arguments: [
                    key.hash, key.account.description, key.label, key.createdAtMicros,
                ]
            )
        }
    }

    /// All keys, the oldest first: the gateway holds them in memory and asks again after a change.
    package func keys() async throws(StorageError) -> [APIKey] {
        try await read("reading API keys") { database in
            let sql = "SELECT hash, account, label, createdAtMicros FROM apiKey ORDER BY 4, 1"
            return try Row.fetchAll(database, sql: sql).map { row in
                APIKey(
                    hash: row[0],
                    account: Account(row[1]),
                    label: row[2],
                    createdAtMicros: row[3]
                )
            }
        }
    }

    /// - Returns: false when there was no such key.
    @discardableResult package func removeKey(
        hash: String
    ) async throws(StorageError) -> Bool {
        try await write("removing an API key") { database in
            try database.execute(sql: "DELETE FROM apiKey WHERE hash = ?", arguments: [hash])
            return database.changesCount == 1
        }
    }
}
