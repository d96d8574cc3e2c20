package import NIOCore

/// The head of a request for a function in its plainest form, which nearly all have: read in one
/// pass over its bytes, without header objects.
///
/// What could be read in two ways, or asks for more than an answer, is not plain and is left to the
/// HTTP decoder: other methods and versions, chunks, `Expect`, `Upgrade`, `Connection: close`, a
/// field that comes twice, ends in a blank or has a byte outside of ASCII, lines that do not end in
/// CR LF.
package struct PlainRequest {
    /// The longest head that is read so, in bytes with its empty line.
    package static let headBytesMax = 8192
    /// The most header fields.
    package static let fieldCountMax = 64

    /// What is between `/function/` and the path or the query.
    package let name: String
    /// Bytes of the head; the body follows.
    package let headBytes: Int
    package let bodyBytes: Int
    /// The value of `Authorization`.
    package let authorization: String?
    /// A header field may say which revision is to serve it.
    package let choosesRevision: Bool

    /// Reads the head at the front of `bytes`, and writes what a handler may know of it into
    /// `meta`, with room for the invocation's id at `idOffset`.
    ///
    /// - Returns: nil when it is not plain, or not whole.
    package init?(_ bytes: ByteBuffer, meta: inout ByteBuffer) {
        let room = min(bytes.readableBytes, Self.headBytesMax) + Self.prefix.utf8CodeUnitCount + 64
        meta.clear(minimumCapacity: room)
        var found: PlainRequest?
        meta.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { out in
            bytes.withUnsafeReadableBytes { bytes in
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.fieldCountMax) {
                    var reader = PlainReader(
                        bytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.headBytesMax)),
                        out: ByteSink(out),
                        names: $0
                    )
                    found = reader.read()
                    return reader.out.count
                }
            }
        }
        guard let found else { return nil }
        self = found
    }

    fileprivate init(
        name: String,
        headBytes: Int,
        bodyBytes: Int,
        authorization: String?,
        choosesRevision: Bool
    ) {
        self.name = name
        self.headBytes = headBytes
        self.bodyBytes = bodyBytes
        self.authorization = authorization
        self.choosesRevision = choosesRevision
    }

    /// Where the 36 characters of the id belong.
    static let idOffset = 5
    fileprivate static let prefix: StaticString =
        ":id: 00000000-0000-0000-0000-000000000000\n:method: POST\n:path: "
}

/// One pass over a head.
private struct PlainReader {
    let bytes: UnsafeRawBufferPointer
    /// Has room for all of `bytes`, the prefix and what stands between the parts of a target.
    var out: ByteSink
    /// Hashes of the names so far.
    let names: UnsafeMutableBufferPointer<UInt32>
    var at = 0
    var nameCount = 0
    var bodyBytes = 0
    var authorization: String?
    var choosesRevision = false

    /// How the bytes of a field are to be used.
    private enum Use {
        case handler, connection, authorization, length, revision
        /// Only where it says what holds anyway.
        case keepAlive
        case none
    }

    mutating func read() -> PlainRequest? {
        guard skip("POST /function/") else { return nil }
        let nameStart = at
        while at < bytes.count, Self.isNameByte(bytes[at]) { at += 1 }
        let name = String(decoding: bytes[nameStart..<at], as: UTF8.self)
        out.write(PlainRequest.prefix)
        guard !name.isEmpty, target(), skip(" HTTP/1.1\r\n") else { return nil }
        while !skip("\r\n") {
            guard field() else { return nil }
        }
        return PlainRequest(
            name: name,
            headBytes: at,
            bodyBytes: bodyBytes,
            authorization: authorization,
            choosesRevision: choosesRevision
        )
    }

    /// Path and query, if any.
    private mutating func target() -> Bool {
        guard at < bytes.count, bytes[at] == slash || bytes[at] == mark || bytes[at] == space
        else { return false }
        var hasQuery = false
        while at < bytes.count, bytes[at] != space {
            let byte = bytes[at]
            guard byte > space, byte < 0x7f, byte != UInt8(ascii: "#") else { return false }
            if byte == mark, !hasQuery {
                hasQuery = true
                out.write("\n:query: ")
            } else {
                out.write(byte)
            }
            at += 1
        }
        return true
    }

    /// A field's line; false when it is not plain.
    private mutating func field() -> Bool {
        let lineStart = out.count
        out.write(UInt8(ascii: "\n"))
        let nameStart = out.count
        var hash: UInt32 = 0x811c_9dc5
        while at < bytes.count, let byte = Self.lowercasedToken(bytes[at]) {
            out.write(byte)
            hash = (hash ^ UInt32(byte)) &* 0x0100_0193
            at += 1
        }
        let use = use(of: out.written(from: nameStart))
        guard use != .none, remember(hash), skip(":") else { return false }
        while at < bytes.count, isBlank(bytes[at]) { at += 1 }
        let start = at
        while at < bytes.count, bytes[at] >= space && bytes[at] < 0x7f || bytes[at] == tab {
            at += 1
        }
        let value = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
        guard skip("\r\n"), value.last.map(isBlank) != true else { return false }
        switch use {
        case .handler, .revision:
            out.write(": ")
            out.write(value)
            if use == .revision { choosesRevision = true }
            return true
        case .authorization: authorization = String(decoding: value, as: UTF8.self)
        case .keepAlive: guard Self.equal(value, "keep-alive") else { return false }
        case .length: guard length(value) else { return false }
        case .connection, .none: break
        }
        out.count = lineStart
        return true
    }

    /// Nine digits at most, so that it cannot overflow.
    private mutating func length(_ value: UnsafeRawBufferPointer) -> Bool {
        guard (1...9).contains(value.count) else { return false }
        bodyBytes = 0
        for byte in value {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            bodyBytes = bodyBytes * 10 + Int(digit)
        }
        return true
    }

    /// False when the name came before: one of the two would count and the other not.
    private mutating func remember(_ hash: UInt32) -> Bool {
        guard nameCount < names.count, !names[..<nameCount].contains(hash) else { return false }
        names.initializeElement(at: nameCount, to: hash)
        nameCount += 1
        return true
    }

    private func use(of name: UnsafeRawBufferPointer) -> Use {
        switch name.count {
        case 0: .none
        case 2: Self.equal(name, "te") ? .connection : .handler
        case 4: Self.equal(name, "host") ? .connection : .handler
        case 6:
            if Self.equal(name, "expect") {
                .none
            } else {
                Self.equal(name, "cookie") ? .revision : .handler
            }
        case 7: Self.equal(name, "upgrade") ? .none : .handler
        case 10:
            if Self.equal(name, "connection") {
                .keepAlive
            } else if Self.equal(name, "keep-alive") {
                .connection
            } else {
                Self.equal(name, "x-revision") ? .revision : .handler
            }
        case 12: Self.equal(name, "x-sticky-key") ? .revision : .handler
        case 13: Self.equal(name, "authorization") ? .authorization : .handler
        case 14: Self.equal(name, "content-length") ? .length : .handler
        case 17: Self.equal(name, "transfer-encoding") ? .none : .handler
        default: .handler
        }
    }

    // MARK: Bytes

    /// Steps over `text` if it comes next.
    private mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - at >= count else { return false }
        for offset in 0..<count where bytes[at + offset] != text.utf8Start[offset] { return false }
        at += count
        return true
    }

    /// Whether `text` is `other`, which is in small letters, in letters of any size.
    private static func equal(_ text: UnsafeRawBufferPointer, _ other: StaticString) -> Bool {
        guard text.count == other.utf8CodeUnitCount else { return false }
        return text.indices.allSatisfy { text[$0] | 0x20 == other.utf8Start[$0] }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
            || byte == UInt8(ascii: "-")
    }

    /// A byte of a field's name (RFC 9110, section 5.6.2) in small letters; nil for any other.
    private static func lowercasedToken(_ byte: UInt8) -> UInt8? {
        if byte &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-") { return byte }
        if byte &- UInt8(ascii: "A") < 26 { return byte | 0x20 }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
            return byte
        default: return nil
        }
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
}

private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")
private let slash = UInt8(ascii: "/")
private let mark = UInt8(ascii: "?")
