package import NIOCore

/// The first 16 bytes of each frame; `runtime/PROTOCOL.md` gives their meaning.
package struct FrameHeader: Hashable, Sendable {
    /// Bytes of a header.
    package static let byteCount = 16
    /// The most bytes that may follow a header: 16 MiB.
    package static let payloadBytesMax = 16 << 20

    package var payloadBytes: Int
    package var kind: FrameKind
    /// Nothing more follows on this stream in this direction.
    package var isEnd: Bool
    package var metaBytes: Int
    package var stream: UInt32
    package var value: UInt32

    package init(
        payloadBytes: Int,
        kind: FrameKind,
        isEnd: Bool,
        metaBytes: Int,
        stream: UInt32,
        value: UInt32
    ) {
        self.payloadBytes = payloadBytes
        self.kind = kind
        self.isEnd = isEnd
        self.metaBytes = metaBytes
        self.stream = stream
        self.value = value
    }

    /// Reads a header at the front of `buffer` without moving its reader index.
    ///
    /// Nil while fewer than 16 bytes are there.
    package init?(peeking buffer: ByteBuffer) throws(FrameError) {
        guard
            let (length, kind, flags, meta, stream, value) = buffer.peekMultipleIntegers(
                endianness: .little,
                as: (UInt32, UInt8, UInt8, UInt16, UInt32, UInt32).self
            )
        else { return nil }
        guard length <= Self.payloadBytesMax else { throw .tooLong(bytes: Int(length)) }
        guard let kind = FrameKind(rawValue: kind) else { throw .unknownKind(kind) }
        guard flags & ~1 == 0 else { throw .unknownFlags(flags) }
        guard meta <= length else { throw .metaBeyondPayload }
        self.init(
            payloadBytes: Int(length),
            kind: kind,
            isEnd: flags & 1 == 1,
            metaBytes: Int(meta),
            stream: stream,
            value: value
        )
    }

    /// Writes the 16 bytes at the end of `buffer`.
    ///
    /// Who makes a frame keeps to the limits: a length cut short would have its reader take lines
    /// for the body, so one that does not fit is a programmer's error.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            UInt32(payloadBytes),
            kind.rawValue,
            UInt8(isEnd ? 1 : 0),
            UInt16(metaBytes),
            stream,
            value,
            endianness: .little
        )
    }
}

/// What a frame says.
package enum FrameKind: UInt8, Sendable, CaseIterable {
    case load = 1
    case fork = 2
    case loaded = 16
    case loadFailed = 17
    case exited = 18
    case attach = 32
    case invoke = 33
    case body = 34
    case cancel = 35
    case hello = 48
    case ready = 49
    case attachFailed = 50
    case result = 51
    case chunk = 52
    case error = 53
    case log = 54
}

/// Why bytes are no frame; the connection they came from cannot be used further.
package enum FrameError: Error, Hashable, CustomStringConvertible {
    case tooLong(bytes: Int)
    case unknownKind(UInt8)
    case unknownFlags(UInt8)
    case metaBeyondPayload

    package var description: String {
        switch self {
        case .tooLong(let bytes):
            "a frame announces \(bytes) bytes; the limit is \(FrameHeader.payloadBytesMax)"
        case .unknownKind(let kind): "a frame has the unknown kind \(kind)"
        case .unknownFlags(let flags): "a frame has unknown flags \(flags)"
        case .metaBeyondPayload: "a frame's meta is longer than its payload"
        }
    }
}
