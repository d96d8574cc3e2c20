/// What `Authorization: Basic` says (RFC 7617): git's way to send an API key, as the password.
package struct BasicCredentials: Sendable, Hashable {
    package let user: String
    package let password: String

    /// Nil for any other kind of authorization, and for what is not well formed.
    package init?(authorization: String?) {
        guard let authorization, authorization.lowercased().hasPrefix("basic "),
            let bytes = Self.decoded(authorization.dropFirst("basic ".count)),
            let text = String(validating: bytes, as: UTF8.self),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        user = String(text[..<colon])
        password = String(text[text.index(after: colon)...])
    }

    /// The user's name as it may be shown and logged; nil when it is empty or has other letters.
    package var shownUser: String? {
        let isFine =
            (1...GitServerLimits.userBytesMax).contains(user.utf8.count)
            && user.utf8.allSatisfy { (0x21..<0x7f).contains($0) }
        return isFine ? user : nil
    }

    /// Base64 (RFC 4648, section 4); nil for anything else.
    private static func decoded(_ text: Substring) -> [UInt8]? {
        var digits = Array(text.utf8.drop { $0 == UInt8(ascii: " ") })
        while digits.last == UInt8(ascii: "=") { digits.removeLast() }
        var bytes: [UInt8] = []
        var held: UInt32 = 0
        var bits = 0
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            held = held << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
            }
        }
        return bytes
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
