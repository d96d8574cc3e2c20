import Functions
import NIOCore
import NIOHTTP1
import RuntimeProtocol

extension FrameMeta {
    /// What a handler may know of its request; nil when it does not fit a frame.
    init?(_ head: HTTPRequestHead, target: InvocationTarget, id: InvocationID) {
        var lines = ByteBufferAllocator().buffer(capacity: 256)
        lines.writeStaticString(":id: ")
        lines.writeWithUnsafeMutableBytes(minimumWritableBytes: InvocationID.byteCount) { bytes in
            id.write(into: bytes)
            return InvocationID.byteCount
        }
        lines.writeStaticString("\n:method: ")
        lines.writeString(head.method.rawValue)
        lines.writeStaticString("\n:path: ")
        lines.writeSubstring(target.path)
        if let query = target.query {
            lines.writeStaticString("\n:query: ")
            lines.writeSubstring(query)
        }
        var seen: [String] = []
        for (name, value) in head.headers where !name.isConnectionField {
            let name = name.lowercased()
            // Names appear once in a frame; the first one counts.
            guard !seen.contains(name) else { continue }
            seen.append(name)
            lines.writeStaticString("\n")
            lines.writeString(name)
            lines.writeStaticString(": ")
            lines.writeString(value.withoutTrailingBlanks)
        }
        guard lines.readableBytes <= FrameMeta.byteCountMax else { return nil }
        self.init(lines: lines)
    }
}

extension String {
    /// The decoder leaves those that follow a field's value, of which they are no part.
    var withoutTrailingBlanks: String {
        guard let last = utf8.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t")
        else { return self }
        let end = utf8.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return end.map { String(self[...$0]) } ?? ""
    }

    /// A field that concerns the connection or the gateway, and not the handler.
    fileprivate var isConnectionField: Bool {
        switch utf8.count {
        case 2: isField("te")
        case 4: isField("host")
        case 6: isField("expect")
        case 7: isField("upgrade")
        case 10: isField("connection") || isField("keep-alive")
        case 13: isField("authorization")
        case 14: isField("content-length")
        case 17: isField("transfer-encoding")
        default: false
        }
    }

    private func isField(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { wanted in
            zip(utf8, wanted).allSatisfy { $0 | 0x20 == $1 }
        }
    }
}
