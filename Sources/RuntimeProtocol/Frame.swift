package import NIOCore

/// One message between host and runtime.
package struct Frame: Sendable, Equatable {
    package var kind: FrameKind
    package var isEnd: Bool
    package var stream: UInt32
    package var value: UInt32
    package var meta: FrameMeta
    package var body: ByteBuffer

    package init(
        _ kind: FrameKind,
        isEnd: Bool = true,
        stream: UInt32 = 0,
        value: UInt32 = 0,
        meta: FrameMeta = FrameMeta(),
        body: ByteBuffer = ByteBuffer()
    ) {
        self.kind = kind
        self.isEnd = isEnd
        self.stream = stream
        self.value = value
        self.meta = meta
        self.body = body
    }

    /// Writes header, meta and body at the end of `buffer`.
    package func write(into buffer: inout ByteBuffer) {
        let metaBytes = meta.lines.readableBytes
        FrameHeader(
            payloadBytes: metaBytes + body.readableBytes,
            kind: kind,
            isEnd: isEnd,
            metaBytes: metaBytes,
            stream: stream,
            value: value
        ).write(into: &buffer)
        buffer.writeImmutableBuffer(meta.lines)
        buffer.writeImmutableBuffer(body)
    }
}

/// Cuts a stream of bytes into frames.
package struct FrameDecoder: Sendable {
    private var gathered = ByteBuffer()

    package init() {}

    /// Takes bytes as they were read, however they were cut.
    package mutating func feed(_ bytes: ByteBuffer) {
        if gathered.readableBytes == 0 {
            gathered = bytes
        } else {
            // Else a stream that never pauses at a frame's edge is kept whole.
            gathered.discardReadBytes()
            gathered.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame, or nil until more bytes are fed.
    package mutating func next() throws(FrameError) -> Frame? {
        guard let header = try FrameHeader(peeking: gathered),
            gathered.readableBytes >= FrameHeader.byteCount + header.payloadBytes
        else { return nil }
        gathered.moveReaderIndex(forwardBy: FrameHeader.byteCount)
        let bodyBytes = header.payloadBytes - header.metaBytes
        guard let meta = gathered.readSlice(length: header.metaBytes),
            let body = gathered.readSlice(length: bodyBytes)
        else { return nil }
        return Frame(
            header.kind,
            isEnd: header.isEnd,
            stream: header.stream,
            value: header.value,
            meta: FrameMeta(lines: meta),
            body: body
        )
    }
}
