import Functions
import GatewayAPI
import NIOCore
import RuntimeProtocol

/// Answers of the invocation path as HTTP/1.1 bytes.
///
/// Written straight into one buffer: head and body leave in one system call, and no header objects
/// are made on the way.
package enum AnswerBytes {
    /// A whole answer with its length.
    static func whole(
        _ head: AnswerHead,
        _ body: ByteBuffer,
        keepAlive: Bool,
        into buffer: inout ByteBuffer
    ) {
        guard begin(head, keepAlive: keepAlive, into: &buffer) else {
            buffer.writeStaticString("\r\n")
            return
        }
        fill(&buffer, room: 40) { sink in
            sink.write("content-length: ")
            sink.write(decimal: UInt64(body.readableBytes))
            sink.write("\r\n\r\n")
        }
        buffer.writeImmutableBuffer(body)
    }

    /// The head of an answer whose length is not known, and its first bytes.
    ///
    /// False when an answer of this status has no body: what follows is not to be sent.
    static func begin(
        _ head: AnswerHead,
        _ body: ByteBuffer,
        chunked: Bool,
        keepAlive: Bool,
        into buffer: inout ByteBuffer
    ) -> Bool {
        guard begin(head, keepAlive: keepAlive, into: &buffer) else {
            buffer.writeStaticString("\r\n")
            return false
        }
        if chunked {
            buffer.writeStaticString("transfer-encoding: chunked\r\n\r\n")
            chunk(body, into: &buffer)
        } else {
            buffer.writeStaticString("\r\n")
            buffer.writeImmutableBuffer(body)
        }
        return true
    }

    static func chunk(_ body: ByteBuffer, into buffer: inout ByteBuffer) {
        guard body.readableBytes > 0 else { return }
        buffer.writeString(String(body.readableBytes, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeImmutableBuffer(body)
        buffer.writeStaticString("\r\n")
    }

    static func lastChunk(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("0\r\n\r\n")
    }

    /// A problem document, which names the invocation.
    static func problem(
        _ problem: Problem,
        head: AnswerHead,
        keepAlive: Bool,
        isBodyless: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        var problem = problem
        problem.instance = head.id.description
        let body = (try? JSONCoding.encode(problem)) ?? []
        writeStatus(problem.status, into: &buffer)
        buffer.writeStaticString("content-type: application/problem+json\r\n")
        identify(head, into: &buffer)
        if let seconds = problem.retryAfterSeconds {
            buffer.writeString("retry-after: \(seconds)\r\n")
        }
        if problem.code == ProblemCode.methodNotAllowed.rawValue {
            buffer.writeStaticString("allow: POST\r\n")
        }
        if problem.code == ProblemCode.unauthorized.rawValue {
            buffer.writeStaticString("www-authenticate: Bearer\r\n")
        }
        if !keepAlive { buffer.writeStaticString("connection: close\r\n") }
        buffer.writeString("content-length: \(body.count)\r\n\r\n")
        if !isBodyless { buffer.writeBytes(body) }
    }

    /// Whether the answer has a body, by its status.
    private static func begin(
        _ head: AnswerHead,
        keepAlive: Bool,
        into buffer: inout ByteBuffer
    ) -> Bool {
        var hasBody = true
        if head.meta.isEmpty {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        } else {
            hasBody = describe(head.meta, into: &buffer)
        }
        identify(head, into: &buffer)
        if !keepAlive { buffer.writeStaticString("connection: close\r\n") }
        return hasBody
    }

    /// Status and header fields as the handler gave them, but for those that frame the message.
    private static func describe(_ meta: FrameMeta, into buffer: inout ByteBuffer) -> Bool {
        let pairs = meta.pairs
        let status = status(pairs.first { $0.name == ":status" }.flatMap { Int($0.value) } ?? 200)
        let hasBody = hasBody(status)
        writeStatus(status, into: &buffer)
        var hasType = false
        for (name, value) in pairs where isHandlers(name, value) {
            if name == "content-type" { hasType = true }
            buffer.writeString("\(name): \(value)\r\n")
        }
        if hasBody, !hasType { buffer.writeStaticString("content-type: application/json\r\n") }
        if status == 205 { buffer.writeStaticString("content-length: 0\r\n") }
        return hasBody
    }

    /// The status that a handler gave, if it can be one.
    package static func status(_ given: Int) -> Int { (200...599).contains(given) ? given : 500 }

    /// RFC 9110: these never have one, and a client takes what follows for the next answer.
    package static func hasBody(_ status: Int) -> Bool {
        status != 204 && status != 205 && status != 304
    }

    /// Whether a handler may give this field: it is none of those that frame the message or that
    /// the gateway gives.
    package static func isHandlers(_ name: String, _ value: String) -> Bool {
        isField(name, value) && !isOurs(name)
    }

    /// Whether this is a header field by RFC 9110: a handler must not write beyond its own lines.
    private static func isField(_ name: String, _ value: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            } && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }
    }

    private static func isOurs(_ name: String) -> Bool {
        switch name {
        case "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade",
            "trailer", "te", "x-invocation-id", "x-start-kind", "x-revision",
            "server-timing":
            true
        default: false
        }
    }

    private static func identify(_ head: AnswerHead, into buffer: inout ByteBuffer) {
        fill(&buffer, room: 256) { sink in
            sink.write("x-invocation-id: ")
            sink.write(head.id)
            switch head.startKind {
            case .warm: sink.write("\r\nx-start-kind: warm")
            case .fork: sink.write("\r\nx-start-kind: fork")
            case .resume: sink.write("\r\nx-start-kind: resume")
            case .cold: sink.write("\r\nx-start-kind: cold")
            case nil: break
            }
            if head.revision > 0 {
                sink.write("\r\nx-revision: ")
                sink.write(decimal: UInt64(head.revision))
            }
            sink.write("\r\nserver-timing: queue;dur=")
            sink.write(millis: head.timing.queueMicros)
            sink.write(", start;dur=")
            sink.write(millis: head.timing.startMicros)
            sink.write(", run;dur=")
            sink.write(millis: head.timing.runMicros)
            sink.write("\r\n")
        }
    }

    private static func fill(
        _ buffer: inout ByteBuffer,
        room: Int,
        _ body: (inout ByteSink) -> Void
    ) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
            var sink = ByteSink(memory)
            body(&sink)
            return sink.count
        }
    }

    private static func writeStatus(_ status: Int, into buffer: inout ByteBuffer) {
        buffer.writeString("HTTP/1.1 \(status) \(reason(status))\r\n")
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 499: "Client Closed Request"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status"
        }
    }
}
