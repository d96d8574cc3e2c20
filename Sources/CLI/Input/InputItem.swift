import Functions
import GatewayAPI

/// One `key=text` or `key:=json` of a command line.
package struct InputItem: Sendable, Hashable {
    package var key: String
    /// JSON.
    package var value: String

    /// Throws a usage failure when `text` is neither.
    package init(_ text: String) throws(CommandFailure) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw Self.usage("`\(text)` is no input")
        }
        let before = text[..<equals]
        let after = String(text[text.index(after: equals)...])
        guard before.last == ":" else {
            key = String(before)
            value = Self.quoted(after)
            return
        }
        key = String(before.dropLast())
        guard !key.isEmpty, (try? JSONCoding.decode(RawJSON.self, from: after.utf8)) != nil else {
            throw Self.usage("`\(after)` in `\(text)` is not JSON")
        }
        value = after
    }

    /// A JSON object of all items; throws a usage failure when a key appears twice.
    package static func object(_ texts: [String]) throws(CommandFailure) -> [UInt8] {
        var members: [String] = []
        var keys: Set<String> = []
        for text in texts {
            let item = try InputItem(text)
            guard keys.insert(item.key).inserted else {
                throw usage("`\(item.key)` is given twice")
            }
            members.append("\(quoted(item.key)):\(item.value)")
        }
        return Array("{\(members.joined(separator: ","))}".utf8)
    }

    private static func usage(_ message: String) -> CommandFailure {
        CommandFailure(
            .usage,
            message,
            advice: "write key=text or key:=json, as in `name=World times:=3`, or use --data JSON"
        )
    }

    /// `text` as a JSON string (RFC 8259, section 7).
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
