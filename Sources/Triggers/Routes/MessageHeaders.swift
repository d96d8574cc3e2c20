import GatewayAPI
import GatewayServer
import HTTPTypes
import Hummingbird
import NIOCore

/// Header fields as a message keeps them: lines `name: value`, names in lower case, each once.
enum MessageHeaders {
    /// What of a request's fields a handler may know.
    static func lines(
        _ fields: HTTPFields,
        withContentType: Bool
    ) throws(Problem) -> [UInt8] {
        var seen: Set<String> = withContentType ? [] : ["content-type"]
        var lines: [UInt8] = []
        for field in fields {
            let name = field.name.canonicalName
            guard !dropped.contains(name), seen.insert(name).inserted else { continue }
            if !lines.isEmpty { lines.append(UInt8(ascii: "\n")) }
            lines += Array("\(name): \(field.value)".utf8)
        }
        guard lines.count <= bytesMax else {
            throw Problem(
                .headersTooLarge,
                detail: "The header fields are over \(bytesMax) bytes together."
            )
        }
        return lines
    }

    static func value(of name: String, in lines: [UInt8]) -> String? {
        for line in lines.split(separator: UInt8(ascii: "\n")) where line.starts(with: name.utf8) {
            let rest = line.dropFirst(name.utf8.count)
            guard rest.first == UInt8(ascii: ":") else { continue }
            let value = rest.dropFirst().drop { $0 == UInt8(ascii: " ") }
            return String(decoding: value, as: UTF8.self)
        }
        return nil
    }

    static func delayMillis(_ fields: HTTPFields) throws(Problem) -> Int64 {
        guard let text = fields[field: HeaderName.delay] else { return 0 }
        guard let span = TimeSpan(text) else {
            throw Problem(
                .queueInvalid,
                detail: "\(HeaderName.delay) is a number with ms, s, m, h or d, such as 10s, and "
                    + "not `\(text)`."
            )
        }
        return span.millis
    }

    /// The whole body; throws `payloadTooLarge` as soon as it is too long.
    static func body(of request: Request, bytesMax: Int) async throws -> [UInt8] {
        let length = request.headers[.contentLength].flatMap { Int($0) }
        guard length ?? 0 <= bytesMax else { throw tooLarge(bytesMax) }
        var whole: [UInt8] = []
        for try await piece in request.body {
            whole += piece.readableBytesView
            guard whole.count <= bytesMax else { throw tooLarge(bytesMax) }
        }
        return whole
    }

    private static func tooLarge(_ bytesMax: Int) -> Problem {
        Problem(.payloadTooLarge, detail: "The body is over the limit of \(bytesMax) bytes.")
    }

    /// Fields of the connection, of the gateway, and secrets.
    private static let dropped: Set<String> = [
        "te", "host", "expect", "upgrade", "connection", "keep-alive", "authorization",
        "content-length", "transfer-encoding", "cookie", "accept-encoding", "user-agent",
        "x-deduplication-id", "x-delay", "x-group", "x-callback-url",
    ]
    private static let bytesMax = 16 << 10
}

extension HTTPFields {
    /// The value of a field of ours.
    subscript(field name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set { if let name = HTTPField.Name(name) { self[name] = newValue } }
    }
}
