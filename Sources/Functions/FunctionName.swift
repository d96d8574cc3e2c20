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

/// Names of previews: `NAME--BRANCH`.
extension FunctionName {
    package static let previewMark = "--"

    /// The preview of this function that serves a branch; letters outside of a name become `-`.
    ///
    /// A name that would be too long ends in a hash of the branch, so that two branches differ.
    package func preview(branch: String) -> FunctionName? {
        var label = ""
        for byte in branch.lowercased().utf8 {
            let character = Self.isAllowed(byte) ? Character(Unicode.Scalar(byte)) : "-"
            if character == "-", label.isEmpty || label.hasSuffix("-") { continue }
            label.append(character)
        }
        while label.hasSuffix("-") { label.removeLast() }
        let whole = "\(self)\(Self.previewMark)\(label)"
        if label == branch, let name = FunctionName(whole) { return name }
        // FNV-1a: the same on every machine.
        let hash = branch.utf8.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 36)
        return FunctionName("\(whole.prefix(Self.lengthMax - 1 - digits.count))-\(digits)")
    }

    /// The function that this is a preview of, or itself: what stands before the mark.
    package var base: String {
        guard let mark = description.start(of: Self.previewMark) else { return description }
        return String(description[..<mark])
    }

    package var isPreview: Bool { base != description }
}

extension String {
    /// Where `text` first begins.
    fileprivate func start(of text: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(text) }
    }
}
