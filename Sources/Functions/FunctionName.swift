/// What a user calls a function: a DNS label, so that it fits a path, a host name and a file name.
package struct FunctionName: Hashable, Sendable, CustomStringConvertible, Comparable {
    /// The longest name, in bytes: a DNS label's limit (RFC 1035).
    package static let lengthMax = 63

    package let description: String

    /// Nil unless `text` is 1 to 63 of `a`-`z`, `0`-`9` and `-`, and neither begins nor ends with
    /// `-`.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard (1...Self.lengthMax).contains(bytes.count), bytes.first != UInt8(ascii: "-"),
            bytes.last != UInt8(ascii: "-"), bytes.allSatisfy(Self.isAllowed)
        else { return nil }
        self.description = text
    }

    package static func < (left: FunctionName, right: FunctionName) -> Bool {
        left.description < right.description
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
