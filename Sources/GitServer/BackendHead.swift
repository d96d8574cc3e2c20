/// The head of a CGI program's answer (RFC 3875, section 6): fields, and an empty line.
package struct BackendHead: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package private(set) var status = 200
    package private(set) var fields: [Field] = []

    /// Where the head ends in `bytes` and what follows begins; nil before all of it is there.
    package static func end(in bytes: [UInt8]) -> Int? {
        let line = UInt8(ascii: "\n")
        var start = 0
        while let end = bytes[start...].firstIndex(of: line) {
            if end == start || (end == start + 1 && bytes[start] == UInt8(ascii: "\r")) {
                return end + 1
            }
            start = end + 1
        }
        return nil
    }

    /// Reads a whole head; nil when it is none, or has more fields than are taken.
    package init?(_ bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                fields.count < GitServerLimits.headFieldsMax
            else { return nil }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            guard Self.isToken(name) else { return nil }
            if name == "status" {
                guard let code = Int(value.prefix { $0 != " " }), (200..<600).contains(code)
                else { return nil }
                status = code
            } else if !Self.connectionFields.contains(name) {
                fields.append(Field(name: name, value: String(value)))
            }
        }
    }

    /// What is between the gateway and its client only.
    private static let connectionFields: Set = [
        "connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te",
    ]

    private static func isToken(_ name: String) -> Bool {
        name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }
}
