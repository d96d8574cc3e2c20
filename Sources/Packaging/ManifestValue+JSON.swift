import Yams

extension ManifestValue {
    /// The value as JSON text; nil after faults.
    ///
    /// Numbers keep their digits and maps their order. A plain word that YAML's versions read
    /// differently is a fault: it must be quoted.
    func json() -> String? {
        switch node {
        case .scalar(let scalar):
            return scalar.style == .plain ? plainJSON(scalar.string) : Self.quoted(scalar.string)
        case .sequence(let nodes):
            let items = nodes.enumerated().map { index, item in
                ManifestValue(
                    path: "\(path)[\(index)]",
                    node: item,
                    keyMark: nil,
                    faults: faults
                ).json()
            }
            return items.contains(nil)
                ? nil : "[\(items.compactMap { $0 }.joined(separator: ","))]"
        case .mapping:
            guard let entries = ManifestSection.entries(of: self) else { return nil }
            let pairs = entries.map { key, value in
                value.json().map { "\(Self.quoted(key)):\($0)" }
            }
            return pairs.contains(nil)
                ? nil : "{\(pairs.compactMap { $0 }.joined(separator: ","))}"
        case .alias: return nil
        }
    }

    /// The same place with another scalar, for a part of what is written there.
    func holding(_ part: String) -> ManifestValue {
        ManifestValue(
            path: path,
            node: .scalar(Node.Scalar(part, .implicit, .plain, node.mark)),
            keyMark: keyMark,
            faults: faults
        )
    }

    private func plainJSON(_ word: String) -> String? {
        switch word {
        case "", "~", "null", "Null", "NULL": return "null"
        case "true", "True", "TRUE": return "true"
        case "false", "False", "FALSE": return "false"
        default: break
        }
        if Self.isJSONNumber(word) { return word }
        guard !Self.looksLikeNumber(word) else {
            fault(
                "is \(word.prefix(40)), which is a number for some readers of YAML only",
                allowed: "a number as in JSON, or text in quotes"
            )
            return nil
        }
        return Self.quoted(word)
    }

    /// `-0.5e3`: RFC 8259, section 6.
    private static func isJSONNumber(_ word: String) -> Bool {
        var rest = word.utf8[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = digits(&rest)
        guard whole.count == 1 || whole.count > 1 && whole.first != UInt8(ascii: "0") else {
            return false
        }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard !digits(&rest).isEmpty else { return false }
        }
        if rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            rest.removeFirst()
            if let sign = rest.first, "+-".utf8.contains(sign) { rest.removeFirst() }
            guard !digits(&rest).isEmpty else { return false }
        }
        return rest.isEmpty
    }

    private static func digits(_ rest: inout Substring.UTF8View) -> Substring.UTF8View {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return digits
    }

    /// `+1`, `.5`, `1.`, `012`, `0x1F`, `1_000`, `.inf`, `.nan`.
    private static func looksLikeNumber(_ word: String) -> Bool {
        var rest = word.lowercased()[...]
        if let sign = rest.first, "+-".contains(sign) { rest.removeFirst() }
        if rest == ".inf" || rest == ".nan" { return true }
        for (prefix, letters) in [("0x", "0123456789abcdef_"), ("0o", "01234567_"), ("0b", "01_")]
        where rest.hasPrefix(prefix) && rest.count > 2 {
            return rest.dropFirst(2).allSatisfy { letters.contains($0) }
        }
        let isPlain = rest.allSatisfy { "0123456789._".contains($0) }
        return isPlain && rest.contains { $0.isNumber } && rest.count { $0 == "." } <= 1
            && rest.first != "_" || Double(rest) != nil && rest.first?.isLetter == false
    }

    private static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
