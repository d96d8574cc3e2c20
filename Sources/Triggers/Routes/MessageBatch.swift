package import Functions
import GatewayAPI
import Storage

/// Reads what was posted to a queue: one message, or a batch in one of three forms.
package struct MessageBatch {
    /// What goes for all messages of a request.
    package struct Options {
        /// Lines `name: value` of the request, without its content type.
        package var headers: [UInt8]
        package var contentType: String
        package var group: String?
        package var delayMillis: Int64
        package var deduplicationID: String?

        package init(
            headers: [UInt8],
            contentType: String,
            group: String? = nil,
            delayMillis: Int64 = 0,
            deduplicationID: String? = nil
        ) {
            self.headers = headers
            self.contentType = contentType
            self.group = group
            self.delayMillis = delayMillis
            self.deduplicationID = deduplicationID
        }
    }

    package let options: Options
    package let now: Int64
    package let messagesMax: Int
    package let makeID: (Int64) -> InvocationID

    package init(
        options: Options,
        now: Int64,
        messagesMax: Int,
        makeID: @escaping (Int64) -> InvocationID
    ) {
        self.options = options
        self.now = now
        self.messagesMax = messagesMax
        self.makeID = makeID
    }

    package func read(_ body: [UInt8]) throws -> [MessageOrder] {
        guard options.group == nil || options.delayMillis == 0 else {
            throw Problem(
                .queueInvalid,
                detail: "\(HeaderName.group) and \(HeaderName.delay) do not go together: those "
                    + "behind a delayed message of a group would wait."
            )
        }
        let kind = options.contentType.split(separator: ";").first.map(String.init) ?? ""
        switch kind.lowercased().filter({ $0 != " " }) {
        case MediaType.lines: return try lines(body)
        case MediaType.messageBatch: return try array(body, Self.item)
        case MediaType.cloudEventBatch: return try array(body, Self.event)
        default:
            do throws(JSONScanner.Fault) {
                let item = Item(body: body[...], contentType: options.contentType)
                return [try order(item, options.deduplicationID)]
            } catch {
                throw Problem(.queueInvalid, detail: "For the queue, \(error.message).")
            }
        }
    }

    /// A deduplication id for a whole batch would leave one message of it.
    private func checkOptions() throws {
        guard options.deduplicationID == nil else {
            throw Problem(
                .messageInvalid,
                detail: "\(HeaderName.deduplicationID) is for one message: a batch of "
                    + "\(MediaType.messageBatch) has one for each."
            )
        }
    }

    /// One message, with what it says of itself.
    private struct Item {
        var body: ArraySlice<UInt8>
        var contentType: String
        var group: String?
        var delayMillis: Int64?
        var deduplicationID: String?
    }

    private func lines(_ body: [UInt8]) throws -> [MessageOrder] {
        try checkOptions()
        var orders: [MessageOrder] = []
        var number = 0
        for line in body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) else { continue }
            do throws(JSONScanner.Fault) {
                var scanner = JSONScanner(line)
                let value = try scanner.whole()
                orders.append(try order(Item(body: value, contentType: MediaType.json)))
            } catch {
                throw Self.invalid(
                    "Line \(number) is not JSON: \(error.message) (byte \(error.offset + 1)).",
                    line: number
                )
            }
            try check(orders.count)
        }
        guard !orders.isEmpty else { throw Self.invalid("There is no message in it.", line: 1) }
        return orders
    }

    private func array(
        _ body: [UInt8],
        _ item: (ArraySlice<UInt8>) throws(JSONScanner.Fault) -> Item
    ) throws -> [MessageOrder] {
        try checkOptions()
        var number = 0
        do {
            var scanner = JSONScanner(body[...])
            let elements = try scanner.elements()
            try scanner.end()
            try check(elements.count)
            guard !elements.isEmpty else {
                throw Self.invalid("There is no message in it.", line: nil)
            }
            return try elements.map {
                number += 1
                return try order(item($0))
            }
        } catch let fault as JSONScanner.Fault {
            let place = number == 0 ? "" : "message \(number): "
            throw Self.invalid(
                "The batch is not as \(options.contentType) has it: \(place)\(fault.message).",
                line: nil
            )
        }
    }

    private static func item(_ element: ArraySlice<UInt8>) throws(JSONScanner.Fault) -> Item {
        var scanner = JSONScanner(element)
        var item = Item(body: [], contentType: MediaType.json)
        var hasBody = false
        for (name, value) in try scanner.members() {
            switch name {
            case "body":
                item.body = value
                hasBody = true
            case "group": item.group = try text(value)
            case "deduplicationId": item.deduplicationID = try text(value)
            case "delayMillis":
                guard let millis = Int64(String(decoding: value, as: UTF8.self)), millis >= 0
                else { throw fault("delayMillis is a whole number from 0") }
                item.delayMillis = millis
            default:
                throw fault(
                    "\(name) is not one of body, group, delayMillis and deduplicationId"
                )
            }
        }
        guard hasBody else { throw fault("a message has no body") }
        return item
    }

    private static func event(_ element: ArraySlice<UInt8>) throws(JSONScanner.Fault) -> Item {
        var scanner = JSONScanner(element)
        _ = try scanner.members()
        return Item(body: element, contentType: MediaType.cloudEvent)
    }

    private static func text(_ value: ArraySlice<UInt8>) throws(JSONScanner.Fault) -> String {
        guard value.count > 2, value.first == UInt8(ascii: "\""),
            !value.contains(UInt8(ascii: "\\"))
        else { throw fault("an id or a group is a text without escapes") }
        return String(decoding: value.dropFirst().dropLast(), as: UTF8.self)
    }

    private static func fault(_ message: String) -> JSONScanner.Fault {
        JSONScanner.Fault(offset: 0, message: message)
    }

    private func order(
        _ item: Item,
        _ deduplicationID: String? = nil
    ) throws(JSONScanner.Fault) -> MessageOrder {
        let group = item.group ?? options.group
        let delay = item.delayMillis ?? options.delayMillis
        let key = item.deduplicationID ?? deduplicationID
        for text in [group, key] where (text ?? "").utf8.count > Self.textMax {
            throw Self.fault("a group or an id is over \(Self.textMax) bytes")
        }
        guard group == nil || delay == 0 else {
            throw Self.fault("a message of a group can't be delayed: those behind it would wait")
        }
        guard delay <= Self.delayMillisMax else {
            throw Self.fault("a delay is at most \(Self.delayMillisMax) ms")
        }
        var headers = Array("content-type: \(item.contentType)".utf8)
        if !options.headers.isEmpty { headers += [UInt8(ascii: "\n")] + options.headers }
        return MessageOrder(
            NewMessage(
                id: makeID(now),
                dueAt: delay == 0 ? nil : now + delay * 1_000,
                groupKey: group,
                headers: headers,
                body: Array(item.body)
            ),
            deduplicationID: key
        )
    }

    private func check(_ count: Int) throws {
        guard count <= messagesMax else {
            throw Problem(
                .messageInvalid,
                detail: "A batch has at most \(messagesMax) messages."
            )
        }
    }

    private static func invalid(_ detail: String, line: Int?) -> Problem {
        Problem(
            .messageInvalid,
            detail: detail,
            errors: [Problem.Fault(message: detail, line: line)]
        )
    }

    /// Of a group or a deduplication id, in bytes.
    private static let textMax = 256
    /// 30 days.
    private static let delayMillisMax: Int64 = 30 * 86_400_000
}
