import FoundationEssentials

/// How the management routes write and read JSON, the same on both ends.
///
/// Keys are sorted, so that equal values have equal bytes. For management routes only: the
/// invocation path does not pass here.
package enum JSONCoding {
    /// UTF-8 without line breaks; `indented` is for people to read.
    package static func encode(
        _ value: some Encodable,
        indented: Bool = false
    ) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if indented { encoder.outputFormatting.insert(.prettyPrinted) }
        return [UInt8](try encoder.encode(value))
    }

    /// One line of `application/x-ndjson`, its line break included.
    package static func encodeLine(_ value: some Encodable) throws -> [UInt8] {
        try encode(value) + [UInt8(ascii: "\n")]
    }

    /// Throws `DecodingError` when `bytes` are no JSON or not of this shape.
    package static func decode<Value: Decodable>(
        _ type: Value.Type,
        from bytes: some Sequence<UInt8>
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
