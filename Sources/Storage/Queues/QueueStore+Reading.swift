import FoundationEssentials
package import Functions
import GRDB

/// A result as it is kept.
package struct StoredResult: Sendable {
    package var answer: KeptAnswer
    /// Microseconds since 1970 UTC.
    package var expiresAt: Int64
}

extension QueueStore {
    /// The result that is kept for an invocation and whose usage record is durable.
    package func result(
        of id: InvocationID,
        atMicros now: Int64
    ) async throws(StorageError) -> StoredResult? {
        try await read("reading a result") { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT function, outcome, status, headers, body, expiresAt FROM result
                    WHERE id = ? AND isFinal = 1 AND expiresAt > ?
                    """,
                arguments: [Self.bytes(id), now]
            ).map { row in
                StoredResult(
                    answer: KeptAnswer(
                        id: id,
                        function: row[0],
                        outcome: row[1],
                        status: row[2],
                        headers: Array(row[3] as Data),
                        body: Array(row[4] as Data)
                    ),
                    expiresAt: row[5]
                )
            }
        }
    }

    /// Why attempts of an invocation failed, by their numbers.
    package func failures(
        of id: InvocationID
    ) async throws(StorageError) -> [Int32: MessageFailure] {
        try await read("reading failures") { database in
            var failures: [Int32: MessageFailure] = [:]
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT attempt, code, detail FROM failure WHERE id = ?",
                arguments: [Self.bytes(id)]
            )
            for row in rows {
                failures[row[0]] = MessageFailure(code: row[1], detail: row[2])
            }
            return failures
        }
    }

    private func read<Value: Sendable>(
        _ attempt: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        do { return try await readers.read(body) } catch {
            throw StorageError(error, while: attempt)
        }
    }

    private static func bytes(_ id: InvocationID) -> Data {
        var bytes = (id.high.bigEndian, id.low.bigEndian)
        return withUnsafeBytes(of: &bytes) { Data($0) }
    }
}
