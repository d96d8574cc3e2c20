package import Functions
import GRDB

extension Registry {
    /// What of a repository's branches was deployed last, in the order of names; without an account
    /// by whichever was the last.
    package func servedCommits(
        of repository: String,
        account: Account?
    ) async throws(StorageError) -> [ServedCommit] {
        try await read("reading the registry") { database in
            // The other columns are those of the row with the maximum.
            try Row.fetchAll(
                database,
                sql: """
                    SELECT account, branch, commitID, max(atMicros) FROM servedCommit
                    WHERE repository = ?1 AND (?2 IS NULL OR account = ?2)
                    GROUP BY branch ORDER BY branch
                    """,
                arguments: [repository, account?.description]
            ).map { row in
                ServedCommit(
                    account: Account(row[0]),
                    repository: repository,
                    branch: row[1],
                    commit: row[2],
                    atMicros: row[3]
                )
            }
        }
    }

    /// Forgets what a repository's branches serve, for one account or all; the functions stay.
    package func forgetServedCommits(
        of repository: String,
        account: Account?
    ) async throws(StorageError) {
        try await write("forgetting the branches of \(repository)") { database in
            try database.execute(
                sql: """
                    DELETE FROM servedCommit
                    WHERE repository = ?1 AND (?2 IS NULL OR account = ?2)
                    """,
                arguments: [repository, account?.description]
            )
        }
    }

    static func record(_ served: ServedCommit, in database: Database) throws {
        let key = [served.account.description, served.repository, served.branch]
        guard let commit = served.commit else {
            return try database.execute(
                sql: """
                    DELETE FROM servedCommit WHERE account = ? AND repository = ? AND branch = ?
                    """,
                arguments: StatementArguments(key)
            )
        }
        try database.execute(
            sql: """
                INSERT INTO servedCommit (account, repository, branch, commitID, atMicros)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (account, repository, branch)
                DO UPDATE SET commitID = excluded.commitID, atMicros = excluded.atMicros
                """,
            arguments: StatementArguments(key) + [commit, served.atMicros]
        )
    }
}
