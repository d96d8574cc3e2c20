import FoundationEssentials
package import Functions
import GRDB

extension Registry {
    /// The current revision of every function in service, in the order of names, by one query.
    package func functions() async throws(StorageError) -> [Deployment] {
        try await fetch(
            """
            JOIN function ON function.name = revision.function
                AND function.currentNumber = revision.number
            ORDER BY revision.function
            """
        )
    }

    /// The current revision of one function; nil when it is not in service.
    package func function(_ name: FunctionName) async throws(StorageError) -> Deployment? {
        try await fetch(
            """
            JOIN function ON function.name = revision.function
                AND function.currentNumber = revision.number
            WHERE revision.function = ?
            """,
            [name.description]
        ).first
    }

    /// One revision, be it current or not, its function in service or not.
    package func revision(
        _ number: Int,
        of name: FunctionName
    ) async throws(StorageError) -> Deployment? {
        try await fetch(
            "WHERE function = ? AND number = ?",
            [name.description, number]
        ).first
    }

    /// All revisions of a function, the latest first.
    package func revisions(of name: FunctionName) async throws(StorageError) -> [Deployment] {
        try await fetch("WHERE function = ? ORDER BY number DESC", [name.description])
    }

    /// The bundles that revisions are made of, those of removed functions included.
    package func digests() async throws(StorageError) -> Set<String> {
        try await read("reading the registry") { database in
            try String.fetchSet(database, sql: "SELECT digest FROM revision")
        }
    }

    private func fetch(
        _ condition: String,
        _ arguments: StatementArguments = []
    ) async throws(StorageError) -> [Deployment] {
        let columns = RevisionRow.columns.split(separator: ", ")
            .map { "revision.\($0)" }.joined(separator: ", ")
        let sql = "SELECT \(columns) FROM revision \(condition)"
        return try await read("reading the registry") { database in
            let decoder = JSONDecoder()
            var deployments: [Deployment] = []
            let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
            while let row = try rows.next() {
                deployments.append(try RevisionRow(row).deployment(decoder))
            }
            return deployments
        }
    }
}
