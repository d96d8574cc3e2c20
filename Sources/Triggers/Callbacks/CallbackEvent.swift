import Functions
import GatewayAPI
package import Storage

/// The end of an asynchronous invocation as a CloudEvent 1.0, in its HTTP binding
/// (https://github.com/cloudevents/spec, version 1.0.2).
///
/// | Attribute | Value |
/// | --- | --- |
/// | `id` | the invocation's id, the same at each try |
/// | `source` | what the gateway is called, if anything, and `/function/NAME` |
/// | `type` | `faas.invocation.` and the outcome: `completed`, `failed`, `timedOut`, `rejected` |
/// | `time` | when the invocation ended |
/// | `status` | an extension: the HTTP status that a synchronous caller would have had |
package struct CallbackEvent: Sendable {
    package enum Mode: Sendable, Hashable {
        /// The answer is the body as it is, and the attributes are header fields.
        case binary
        /// The body is JSON that holds both.
        case structured
    }

    /// What is sent.
    package struct Content: Sendable {
        package var fields: [(name: String, value: String)]
        package var body: [UInt8]
    }

    private static let cloudEventPrefix = "application/cloudevents"
    private static let typePrefix = "faas.invocation."

    package let answer: KeptAnswer
    private let attributes: [(name: String, value: String)]
    /// Nil for an empty answer that has none.
    private let contentType: String?

    /// `source` comes before `/function/NAME` in the event's `source`, and may be empty.
    package init(_ callback: StoredCallback, source: String) {
        answer = callback.answer
        attributes = [
            ("specversion", "1.0"),
            ("id", answer.id.description),
            ("source", "\(source)/function/\(answer.function)"),
            ("type", Self.typePrefix + answer.outcome),
            ("time", Timestamp(micros: callback.endedAt).description),
        ]
        contentType =
            Self.contentType(in: answer.headers)
            ?? (answer.body.isEmpty ? nil : "application/octet-stream")
    }

    package func content(_ mode: Mode) -> Content {
        // In the binary mode a receiver would take an answer that is an event itself for the event.
        let isEvent = contentType?.lowercased().hasPrefix(Self.cloudEventPrefix) == true
        return mode == .structured || isEvent ? structured : binary
    }

    private var binary: Content {
        var fields = attributes.map { ("ce-\($0.name)", Self.fieldValue($0.value)) }
        fields.append(("ce-status", String(answer.status)))
        if let contentType { fields.append(("content-type", contentType)) }
        return Content(fields: fields, body: answer.body)
    }

    private var structured: Content {
        var members = attributes.map { "\"\($0.name)\":\(Self.quoted($0.value))" }
        members.append("\"status\":\(answer.status)")
        if let contentType { members.append("\"datacontenttype\":\(Self.quoted(contentType))") }
        var body = Array("{\(members.joined(separator: ","))".utf8)
        if answer.body.isEmpty {
            // An event without data.
        } else if isJSON {
            body += Array(",\"data\":".utf8) + answer.body
        } else {
            body += Array(",\"data_base64\":\"\(Base64.encode(answer.body))\"".utf8)
        }
        body.append(UInt8(ascii: "}"))
        return Content(
            fields: [("content-type", "\(MediaType.cloudEvent); charset=utf-8")],
            body: body
        )
    }

    /// By its type and by what it is: a handler may have sent `NaN`, which would spoil the event.
    private var isJSON: Bool {
        guard let essence = contentType?.prefix(while: { $0 != ";" && $0 != " " }).lowercased()
        else { return false }
        return (essence.hasSuffix("/json") || essence.hasSuffix("+json"))
            && JSONGrammar.accepts(answer.body)
    }
}

// MARK: - Text

extension CallbackEvent {
    /// Nil where there is none, or none that can be a header field.
    private static func contentType(in headers: [UInt8]) -> String? {
        for line in headers.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            guard let colon = text.dropFirst().firstIndex(of: ":"),
                text[..<colon].lowercased() == "content-type"
            else { continue }
            let value = text[text.index(after: colon)...].split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            return !value.isEmpty && value.utf8.allSatisfy(isPrintable) ? value : nil
        }
        return nil
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }

    /// Percent-encoded where the HTTP binding asks for it (section 3.1.3.2).
    private static func fieldValue(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "%"), 0..<0x20, 0x7f...:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
