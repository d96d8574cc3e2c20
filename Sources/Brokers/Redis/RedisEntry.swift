#if Redis
import Triggers

/// One entry of a stream: an id, and fields with values.
struct RedisEntry {
    /// The field whose value is a message's body.
    private static let bodyField = "body"
    private static let microsPerMilli: Int64 = 1_000

    var id: String
    /// Nil: the entry was deleted from the stream before it was settled.
    private var fields: [(name: String, value: [UInt8])]?

    /// Nil when the reply has another form.
    init?(_ reply: RedisReply) {
        guard let pair = reply.elements, pair.count == 2, let id = pair[0].text else { return nil }
        self.id = id
        guard let values = pair[1].elements else { return }
        fields = stride(from: 0, to: values.count - 1, by: 2).compactMap { index in
            guard let name = values[index].text, case .bytes(let value) = values[index + 1] else {
                return nil
            }
            return (name, value)
        }
    }

    /// The field `body` is the body and the others are header fields; an entry without it is a JSON
    /// object of its fields.
    func message(isRedelivered: Bool) -> BrokerMessage? {
        guard let fields else { return nil }
        var headers = HeaderFields()
        var body: [UInt8]
        if let given = fields.first(where: { $0.name == Self.bodyField }) {
            body = given.value
            for field in fields where field.name != Self.bodyField {
                headers.append(field.name, String(decoding: field.value, as: UTF8.self))
            }
        } else {
            body = Array(JSONText.object(fields).utf8)
            headers.append("content-type", "application/json")
        }
        return BrokerMessage(
            token: id,
            identity: id,
            sentAtMicros: sentAtMicros,
            isRedelivered: isRedelivered,
            headers: headers.fields,
            body: body
        )
    }

    /// An id that Redis made begins with its clock's milliseconds.
    private var sentAtMicros: Int64? {
        Int64(id.prefix { $0 != "-" }).flatMap {
            let product = $0.multipliedReportingOverflow(by: Self.microsPerMilli)
            return product.overflow ? nil : product.partialValue
        }
    }
}

/// JSON of strings.
private enum JSONText {
    static func object(_ fields: [(name: String, value: [UInt8])]) -> String {
        let members = fields.map { field in
            "\(string(field.name)): \(string(String(decoding: field.value, as: UTF8.self)))"
        }
        return "{\(members.joined(separator: ", "))}"
    }

    private static func string(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
#endif
