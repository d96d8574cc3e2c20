import GatewayAPI

/// Log lines as they are kept in files: the JSON of `JSONCoding`, made and searched without it.
///
/// A function that prints much must not cost much, and a reader looks at many lines to find a few.
enum LogLineBytes {
    private static let timePrefix = Array(#"{"atMicros":"#.utf8)
    private static let instancePrefix = Array(#","instance":"#.utf8)

    /// Writes one line with its line break, keys sorted.
    static func append(_ line: LogLine, to bytes: inout [UInt8]) {
        bytes += timePrefix
        bytes += String(line.atMicros).utf8
        if let instance = line.instance { append(#","instance":"#, instance, to: &bytes) }
        if let invocation = line.invocation { append(#","invocation":"#, invocation, to: &bytes) }
        append(#","level":"#, line.level.rawValue, to: &bytes)
        append(#","text":"#, line.text, to: &bytes)
        bytes += "}\n".utf8
    }

    /// Nil when it is not a line that `append` wrote, such as one cut short by a crash.
    static func line(_ bytes: ArraySlice<UInt8>) -> LogLine? {
        try? JSONCoding.decode(LogLine.self, from: bytes)
    }

    /// The time of a line, without reading the rest; nil when it has none.
    static func atMicros(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard bytes.starts(with: timePrefix) else { return nil }
        let digits = bytes.dropFirst(timePrefix.count).prefix { $0 != UInt8(ascii: ",") }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    /// What the line of an invocation contains behind its time and instance.
    static func mark(ofInvocation id: String) -> [UInt8] {
        var bytes: [UInt8] = []
        append(#","invocation":"#, id, to: &bytes)
        return bytes
    }

    /// Whether a line has the mark of an invocation, without decoding it.
    static func has(_ mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes.drop { $0 != UInt8(ascii: ",") }
        if rest.starts(with: instancePrefix) {
            rest = rest.dropFirst(instancePrefix.count).drop { $0 != UInt8(ascii: ",") }
        }
        return rest.starts(with: mark)
    }

    private static func append(_ key: StaticString, _ text: String, to bytes: inout [UInt8]) {
        key.withUTF8Buffer { bytes += $0 }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
            case 0..<0x20:
                bytes += #"\u00"#.utf8
                bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                bytes.append(hexDigits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
