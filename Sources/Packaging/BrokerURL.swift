import Functions

/// A broker's URL, taken apart as far as it takes to refuse one that can't be right.
///
/// What is wrong is told without the URL, which may hold a password.
struct BrokerURL {
    struct Fault: Error {
        let problem: String
        var allowed = BrokerURL.allowed
        var nearest: String?
    }

    let kind: BrokerSource.Kind
    let host: String
    /// Without the first slash.
    let path: String

    static let allowed =
        "nats://HOST:PORT, tls://HOST:PORT (NATS), redis://HOST:PORT/DATABASE, rediss://..., "
        + "amqp://USER:PASSWORD@HOST:PORT/VHOST, amqps://..., sqs+https://HOST/ACCOUNT/QUEUE, "
        + "sqs+http://..."

    private static let kinds: [(scheme: String, kind: BrokerSource.Kind)] = [
        ("nats", .nats), ("tls", .nats), ("redis", .redis), ("rediss", .redis),
        ("sqs+http", .sqs), ("sqs+https", .sqs), ("amqp", .amqp), ("amqps", .amqp),
    ]

    /// The kind that a URL's scheme stands for.
    static func kind(of url: String) -> BrokerSource.Kind? {
        kinds.first { url.hasPrefix($0.scheme + "://") }?.kind
    }

    init(_ text: String) throws(Fault) {
        let bytesMax = ManifestLimits.brokerURLBytesMax
        guard text.utf8.count <= bytesMax else {
            throw Fault(problem: "has \(text.utf8.count) bytes", allowed: "up to \(bytesMax)")
        }
        guard text.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 < 0x7F }) else {
            throw Fault(problem: "has a character that is not written out in a URL; use %XX for it")
        }
        guard let kind = Self.kind(of: text), let colon = text.firstIndex(of: ":") else {
            throw Self.schemeFault(text)
        }
        self.kind = kind
        let rest = text[colon...].dropFirst(3)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Fault(
                problem: "has a '?' or a '#'; options have keys of their own, and in a password "
                    + "they are written %3F and %23"
            )
        }
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count + 1))
        host = try Self.host(authority, of: kind)
        try checkPath()
    }

    /// The region in the host's name, as in `sqs.eu-north-1.amazonaws.com`.
    var region: String? {
        let parts = host.split(separator: ".")
        guard kind == .sqs, parts.count >= 4, parts[0] == "sqs", parts[2] == "amazonaws" else {
            return nil
        }
        return String(parts[1])
    }

    private static func schemeFault(_ text: String) -> Fault {
        guard let scheme = text.split(separator: ":").first, text.contains("://") else {
            return Fault(problem: "is not a URL")
        }
        let schemes = kinds.map(\.scheme)
        let nearest =
            schemes.contains("sqs+\(scheme)")
            ? "sqs+\(scheme)" : NearestWord.of(String(scheme), among: schemes)
        return Fault(
            problem: "begins with '\(scheme.prefix(40))://', which is no broker's",
            nearest: nearest
        )
    }

    private static func host(
        _ authority: Substring,
        of kind: BrokerSource.Kind
    ) throws(Fault) -> String {
        var place = authority
        if let at = authority.lastIndex(of: "@") {
            guard kind != .sqs else {
                throw Fault(
                    problem: "has a user in it; keys are AWS_ACCESS_KEY_ID and "
                        + "AWS_SECRET_ACCESS_KEY of the gateway's environment"
                )
            }
            place = authority[at...].dropFirst()
        }
        // [::1]:6379
        let end = place.hasPrefix("[") ? place.firstIndex(of: "]") : place.startIndex
        guard let end else { throw Fault(problem: "has a '[' without its ']'") }
        let port = place[end...].firstIndex(of: ":").map { place[$0...].dropFirst() }
        if let port {
            guard let number = UInt16(port), number > 0 else {
                throw Fault(problem: "has no port after its ':'", allowed: "1 to 65535")
            }
        }
        let host = place.dropLast(port.map { $0.count + 1 } ?? 0)
        guard !host.isEmpty else { throw Fault(problem: "names no host") }
        return String(host)
    }

    private func checkPath() throws(Fault) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        switch kind {
        case .nats where !path.isEmpty:
            throw Fault(problem: "goes on after the port", allowed: "nats://HOST:PORT")
        case .redis where !path.isEmpty && UInt16(path) == nil:
            throw Fault(
                problem: "has no number as its database",
                allowed: "redis://HOST:PORT/DATABASE, as in redis://127.0.0.1:6379/0"
            )
        case .sqs where parts.count < 2 || parts.contains(""):
            throw Fault(
                problem: "does not end in the account and the queue",
                allowed: "sqs+https://HOST/ACCOUNT/QUEUE"
            )
        case .amqp where parts.count > 1:
            throw Fault(
                problem: "has more than a virtual host after the port",
                allowed: "amqp://USER:PASSWORD@HOST:PORT/VHOST, with %2F for a '/' in its name"
            )
        case .nats, .redis, .sqs, .amqp: return
        }
    }
}
