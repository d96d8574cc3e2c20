import ArgumentParser

/// A header field on the command line.
enum HeaderArgument {
    /// Fields that have an option of their own, or that follow from the body and the connection.
    private static let own: Set = [
        "authorization", "connection", "content-length", "content-type", "expect", "host",
        "transfer-encoding", "x-revision", "x-sticky-key",
    ]

    /// `Name: value`.
    static func parse(_ text: String) throws -> (name: String, value: String) {
        let sides = text.split(separator: ":", maxSplits: 1)
        guard sides.count == 2, isName(sides[0]) else {
            throw ValidationError("`\(text)` is no header field: write 'Name: value'")
        }
        let name = String(sides[0])
        let value = String(sides[1].drop { $0 == " " })
        guard isValue(value) else {
            throw ValidationError("\(name) is empty or has a character that no field may have")
        }
        guard !own.contains(name.lowercased()) else {
            throw ValidationError(
                "\(name) cannot be set so: there are FAAS_TOKEN, --content-type, --revision and "
                    + "--sticky"
            )
        }
        return (name, value)
    }

    /// Whether a header field may say it.
    static func isValue(_ text: String) -> Bool {
        text.utf8.contains { $0 != 0x20 } && text.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
    }

    /// A token of RFC 9110, section 5.6.2.
    private static func isName(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { byte in
            (0x21..<0x7f).contains(byte) && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
        }
    }
}
