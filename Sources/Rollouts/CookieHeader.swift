/// Reads a `Cookie` header's value: `a=1; b=2` (RFC 6265, section 4.2).
package enum CookieHeader {
    /// Of a longer header only the first bytes are read.
    package static let bytesMax = 8192

    /// The first cookie of this name, without quotes; a part of `header`, so nothing is copied.
    package static func value(of name: StaticString, in header: String) -> Substring? {
        let bytes = header.utf8.prefix(bytesMax)
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let pair = bytes[start...].prefix { $0 != UInt8(ascii: ";") }
            if let value = value(of: name, inPair: pair) { return Substring(value) }
            guard pair.endIndex < bytes.endIndex else { return nil }
            start = bytes.index(after: pair.endIndex)
        }
        return nil
    }

    private static func value(
        of name: StaticString,
        inPair pair: Substring.UTF8View
    ) -> Substring.UTF8View? {
        let pair = trimmed(pair)
        guard let mark = pair.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let isNamed = name.withUTF8Buffer { trimmed(pair[..<mark]).elementsEqual($0) }
        guard isNamed else { return nil }
        let value = trimmed(pair[pair.index(after: mark)...])
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, value.first == quote, value.last == quote else { return value }
        return value.dropFirst().dropLast()
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
