/// Says whether bytes are one JSON value (RFC 8259), without making anything of it.
package struct JSONGrammar {
    /// Arrays and objects within one another.
    package static let depthMax = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var depth = 0

    package static func accepts(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            var grammar = JSONGrammar(bytes: bytes)
            guard grammar.value() else { return false }
            grammar.skipSpace()
            return grammar.at == bytes.count
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { at += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func value() -> Bool {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"):
            return sequence(closing: "}") { grammar in
                grammar.skipSpace()
                guard grammar.string() else { return false }
                grammar.skipSpace()
                return grammar.take(":") && grammar.value()
            }
        case UInt8(ascii: "["): return sequence(closing: "]") { $0.value() }
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func sequence(
        closing: Unicode.Scalar,
        _ item: (inout JSONGrammar) -> Bool
    ) -> Bool {
        at += 1
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { return false }
        skipSpace()
        if take(closing) { return true }
        repeat {
            guard item(&self) else { return false }
            skipSpace()
        } while take(",")
        return take(closing)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = next else { return false }
        at += 1
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        for _ in 0..<4 {
            guard let digit = next, Unicode.Scalar(digit).properties.isASCIIHexDigit else {
                return false
            }
            at += 1
        }
        return true
    }

    private mutating func word(_ word: StaticString) -> Bool {
        for offset in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[offset] else { return false }
            at += 1
        }
        return true
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") {
            guard digits() else { return false }
        }
        if take(".") {
            guard digits() else { return false }
        }
        guard take("e") || take("E") else { return true }
        _ = take("+") || take("-")
        return digits()
    }

    /// At least one.
    private mutating func digits() -> Bool {
        let start = at
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        return at > start
    }
}
