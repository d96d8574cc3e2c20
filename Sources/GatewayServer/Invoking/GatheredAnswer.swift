import NIOCore

/// The pieces of a streamed answer that is kept whole or not at all.
struct GatheredAnswer {
    private(set) var bytes = ByteBuffer()
    /// More came than is kept, and what was gathered is dropped.
    private(set) var isTooLarge = false

    /// One that is not streamed is bounded by its frame.
    static let bytesMax = 16 << 20

    mutating func append(_ piece: ByteBuffer) {
        guard !isTooLarge else { return }
        if bytes.readableBytes + piece.readableBytes > Self.bytesMax {
            isTooLarge = true
            bytes = ByteBuffer()
        } else {
            bytes.append(piece)
        }
    }
}

extension ByteBuffer {
    /// The first piece is taken over rather than copied.
    mutating func append(_ piece: ByteBuffer) {
        if readableBytes == 0 { self = piece } else { writeImmutableBuffer(piece) }
    }
}
