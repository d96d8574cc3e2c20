import ArgumentParser
import Billing
import FoundationEssentials
import Yams

/// The configuration file: what it leaves out keeps its default, a key it does not know is an
/// error.
struct GatewayFile {
    struct Key {
        var account: String
        /// SHA-256 of the key: `printf %s KEY | sha256sum`.
        var sha256: String
    }

    var listen: String?
    var data: String?
    var memoryMiB: Int?
    var loops: Int?
    var synchronous: String?
    var drainMillisMax: Int?
    var loadMillisMax: Int?
    var probationMillis: Int?
    var cleanupMillis: Int?
    var keys: [Key] = []
    var prices = Prices()
    /// How long results of asynchronous invocations are kept, and how much of them.
    var resultSeconds: Int?
    var resultBytesMax: Int?

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("the configuration file \(path) cannot be read")
        }
        do {
            let node = try Yams.compose(yaml: String(decoding: data, as: UTF8.self))
            if let node, node.null == nil { try read(Section(node, name: nil)) }
        } catch let error as ValidationError {
            throw ValidationError("\(path): \(error.message)")
        } catch {
            throw ValidationError("\(path): \(error)")
        }
    }

    private mutating func read(_ file: Section) throws {
        try file.refuseUnknown([
            "listen", "data", "memoryMiB", "loops", "synchronous", "drainMillisMax",
            "loadMillisMax", "probationMillis", "cleanupMillis", "keys", "prices", "results",
        ])
        listen = try file.text("listen")
        data = try file.text("data")
        memoryMiB = try file.count("memoryMiB")
        loops = try file.count("loops")
        synchronous = try file.text("synchronous")
        drainMillisMax = try file.count("drainMillisMax")
        loadMillisMax = try file.count("loadMillisMax")
        probationMillis = try file.count("probationMillis")
        cleanupMillis = try file.count("cleanupMillis")
        keys = try file.list("keys").map { key in
            try key.refuseUnknown(["account", "sha256"])
            guard let account = try key.text("account"), !account.isEmpty,
                let sha256 = try key.text("sha256"), sha256.utf8.count == 64,
                sha256.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
            else {
                throw ValidationError(
                    "each of `keys` has an `account` and a `sha256` of 64 hexadecimal digits"
                )
            }
            return Key(account: account, sha256: sha256.lowercased())
        }
        if let results = try file.section("results") {
            try results.refuseUnknown(["keptSeconds", "bytesMax"])
            resultSeconds = try results.count("keptSeconds")
            resultBytesMax = try results.count("bytesMax")
        }
        guard let prices = try file.section("prices") else { return }
        try prices.refuseUnknown([
            "nanosPerInvocation", "nanosPerGiBSecond", "nanosPerGPUGiBSecond", "currency",
        ])
        self.prices = Prices(
            nanosPerInvocation: try prices.nanos("nanosPerInvocation")
                ?? self.prices.nanosPerInvocation,
            nanosPerGiBSecond: try prices.nanos("nanosPerGiBSecond")
                ?? self.prices.nanosPerGiBSecond,
            nanosPerGPUGiBSecond: try prices.nanos("nanosPerGPUGiBSecond")
                ?? self.prices.nanosPerGPUGiBSecond,
            currency: try prices.text("currency") ?? self.prices.currency
        )
    }
}

/// A map of the file, read key by key.
private struct Section {
    private let mapping: Node.Mapping
    private let name: String?

    init(_ node: Node, name: String?) throws {
        guard let mapping = node.mapping else {
            throw ValidationError("\(name.map { "`\($0)`" } ?? "the file") is not a map of keys")
        }
        self.mapping = mapping
        self.name = name
    }

    func refuseUnknown(_ known: [String]) throws {
        for (key, _) in mapping {
            guard let word = key.string, known.contains(word) else {
                let line = key.mark.map { " in line \($0.line)" } ?? ""
                throw ValidationError(
                    "unknown key `\(key.string ?? "?")`\(line); known: "
                        + known.joined(separator: ", ")
                )
            }
        }
    }

    func text(_ key: String) throws -> String? {
        guard let node = mapping[Node(key)] else { return nil }
        guard let text = node.string else { throw invalid(key, "a text") }
        return text
    }

    func count(_ key: String) throws -> Int? {
        guard let node = mapping[Node(key)] else { return nil }
        guard let value = node.int, (1...Self.countMax).contains(value) else {
            throw invalid(key, "a whole number from 1 to \(Self.countMax)")
        }
        return value
    }

    /// As milliseconds more than thirty years, and still a count of nanoseconds.
    private static let countMax = 1 << 40

    func nanos(_ key: String) throws -> UInt64? {
        guard let node = mapping[Node(key)] else { return nil }
        guard let value = node.int, (0...Self.nanosMax).contains(value) else {
            throw invalid(key, "a whole number of nanos from 0 to \(Self.nanosMax)")
        }
        return UInt64(value)
    }

    /// A price of 1,000 units of the currency, beyond which it is rather a slip.
    private static let nanosMax = 1_000_000_000_000

    func section(_ key: String) throws -> Section? {
        try mapping[Node(key)].map { try Section($0, name: key) }
    }

    func list(_ key: String) throws -> [Section] {
        guard let node = mapping[Node(key)] else { return [] }
        guard let sequence = node.sequence else { throw invalid(key, "a list") }
        return try sequence.map { try Section($0, name: key) }
    }

    private func invalid(_ key: String, _ wanted: String) -> ValidationError {
        let path = [name, key].compactMap { $0 }.joined(separator: ".")
        return ValidationError("`\(path)` is not \(wanted)")
    }
}
