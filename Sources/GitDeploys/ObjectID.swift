/// The name of a git object: 40 hexadecimal digits (SHA-1) or 64 (SHA-256).
package struct ObjectID: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    /// Nil unless `text` is that many digits in lower case.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard [40, 64].contains(bytes.count), bytes.allSatisfy(Self.isDigit) else { return nil }
        description = String(text)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ObjectID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "no object's name"
            )
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// What stands for "none" in what git says of a reference.
    package var isZero: Bool { description.utf8.allSatisfy { $0 == UInt8(ascii: "0") } }

    /// As people write it.
    package var short: String { String(description.prefix(10)) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
