import FoundationEssentials
import Functions
import GRDB

/// A row of the table `revision`.
struct RevisionRow: Sendable {
    var function: String
    var number: Int
    var digest: String
    var manifest: String
    var account: String
    var deployedAtMicros: Int64
    var report: String
    /// Empty where nothing is known of it.
    var origin: String?
    var retiredAtMicros: Int64?

    static let columns =
        "function, number, digest, manifest, account, deployedAtMicros, report, origin, "
        + "retiredAtMicros"

    init(_ deployment: Deployment) throws(StorageError) {
        let revision = deployment.revision
        function = revision.function.description
        number = revision.number
        digest = revision.digest
        manifest = try Self.text(of: revision.manifest)
        account = revision.account.description
        deployedAtMicros = revision.deployedAtMicros
        report = try Self.text(of: deployment.report)
        origin = deployment.origin.isEmpty ? nil : try Self.text(of: deployment.origin)
    }

    init(_ row: Row) {
        function = row[0]
        number = row[1]
        digest = row[2]
        manifest = row[3]
        account = row[4]
        deployedAtMicros = row[5]
        report = row[6]
        origin = row[7]
        retiredAtMicros = row[8]
    }

    func insert(_ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO revision (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                function, number, digest, manifest, account, deployedAtMicros, report, origin,
                retiredAtMicros,
            ]
        )
    }

    /// Throws `corrupt` where a text in the row is not what this version understands.
    func deployment(_ decoder: JSONDecoder) throws(StorageError) -> Deployment {
        guard let name = FunctionName(function) else {
            throw StorageError(.corrupt, "the registry has a function named \(function)")
        }
        let revision = Revision(
            function: name,
            number: number,
            digest: digest,
            manifest: try value(decoder, manifest),
            account: Account(account),
            deployedAtMicros: deployedAtMicros
        )
        return Deployment(
            revision: revision,
            report: try value(decoder, report),
            origin: try origin.map { text throws(StorageError) in try value(decoder, text) }
                ?? Origin(),
            isKept: retiredAtMicros == nil
        )
    }

    func value<Value: Decodable>(
        _ decoder: JSONDecoder,
        _ text: String
    ) throws(StorageError) -> Value {
        do { return try decoder.decode(Value.self, from: Data(text.utf8)) } catch {
            throw StorageError(
                .corrupt,
                "the registry's \(Value.self) of \(function)-\(number): \(error)"
            )
        }
    }

    static func text(of value: some Encodable) throws(StorageError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do { return String(decoding: try encoder.encode(value), as: UTF8.self) } catch {
            throw StorageError(.fault, "encoding a \(type(of: value)): \(error)")
        }
    }
}
