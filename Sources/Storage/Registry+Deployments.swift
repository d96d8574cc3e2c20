import FoundationEssentials
package import Functions
import GRDB

extension Registry {
    /// Every function in service, in the order of names, by one query.
    package func functions() async throws(StorageError) -> [ServedFunction] { try await services() }

    /// One function; nil when it is not in service.
    package func function(_ name: FunctionName) async throws(StorageError) -> ServedFunction? {
        try await services("WHERE revision.function = ?", [name.description]).first
    }

    /// One revision, be it served or not, its function in service or not.
    package func revision(
        _ number: Int,
        of name: FunctionName
    ) async throws(StorageError) -> Deployment? {
        try await fetch(
            "FROM revision WHERE function = ? AND number = ?",
            [name.description, number]
        ) { _, deployment, _ in deployment }.first
    }

    /// All revisions of a function, the latest first.
    package func revisions(of name: FunctionName) async throws(StorageError) -> [Deployment] {
        try await fetch(
            "FROM revision WHERE function = ? ORDER BY number DESC",
            [name.description]
        ) { _, deployment, _ in deployment }
    }

    /// The bundles of revisions that can be served.
    package func digests() async throws(StorageError) -> Set<String> {
        try await read("reading the registry") { database in
            try String.fetchSet(
                database,
                sql: "SELECT digest FROM revision WHERE retiredAtMicros IS NULL"
            )
        }
    }

    /// The files of weights that revisions need which can be served.
    package func models() async throws(StorageError) -> [Manifest.ModelFile] {
        try await read("reading the registry") { database in
            let texts = try String.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT json_extract(manifest, '$.model') FROM revision
                    WHERE retiredAtMicros IS NULL
                        AND json_extract(manifest, '$.model') IS NOT NULL
                    """
            )
            let decoder = JSONDecoder()
            return try texts.map {
                try decoder.decode(Manifest.ModelFile.self, from: Data($0.utf8))
            }
        }
    }

    /// Gives up all revisions of a function but its latest `count` and those in `numbers`.
    package func retireRevisions(
        of name: FunctionName,
        keeping count: Int,
        and numbers: Set<Int>,
        atMicros micros: Int64
    ) async throws(StorageError) {
        try await write("giving up revisions of \(name)") { database in
            let kept = try Int.fetchAll(
                database,
                sql: """
                    SELECT number FROM revision
                    WHERE function = ? AND retiredAtMicros IS NULL ORDER BY number DESC
                    """,
                arguments: [name.description]
            )
            for number in kept.dropFirst(count) where !numbers.contains(number) {
                try database.execute(
                    sql: """
                        UPDATE revision SET retiredAtMicros = ? WHERE function = ? AND number = ?
                        """,
                    arguments: [micros, name.description, number]
                )
            }
        }
    }

    /// The commit of each revision that has one, by the revision's id.
    package func commits() async throws(StorageError) -> [String: String] {
        try await read("reading the registry") { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT function || '-' || number, json_extract(origin, '$.commit')
                    FROM revision WHERE json_extract(origin, '$.commit') IS NOT NULL
                    """
            )
            var commits: [String: String] = [:]
            while let row = try rows.next() { commits[row[0]] = row[1] }
            return commits
        }
    }

    private func services(
        _ condition: String = "",
        _ arguments: StatementArguments = []
    ) async throws(StorageError) -> [ServedFunction] {
        try await fetch(
            """
            , function.traffic FROM revision JOIN function
                ON function.name = revision.function AND function.currentNumber = revision.number
            \(condition) ORDER BY revision.function
            """,
            arguments
        ) { row, deployment, decoder in
            // The column after those of the revision.
            let text: String? = row["traffic"]
            let traffic: Traffic? = try text.map {
                try RevisionRow(row).value(decoder, $0)
            }
            return ServedFunction(
                current: deployment,
                traffic: traffic ?? Traffic(whole: deployment.revision.number)
            )
        }
    }

    private func fetch<Value: Sendable>(
        _ rest: String,
        _ arguments: StatementArguments = [],
        _ make: @escaping @Sendable (Row, Deployment, JSONDecoder) throws -> Value
    ) async throws(StorageError) -> [Value] {
        let columns = RevisionRow.columns.split(separator: ", ")
            .map { "revision.\($0)" }.joined(separator: ", ")
        let sql = "SELECT \(columns) \(rest)"
        return try await read("reading the registry") { database in
            let decoder = JSONDecoder()
            var values: [Value] = []
            let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
            while let row = try rows.next() {
                values.append(try make(row, try RevisionRow(row).deployment(decoder), decoder))
            }
            return values
        }
    }
}
