/// Memory through which a file passes, piece by piece.
final class Chunk {
    /// How much of a file is in memory at once, in bytes.
    static let byteCount = 256 << 10

    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int = Chunk.byteCount) {
        bytes = .allocate(byteCount: byteCount, alignment: 16)
    }

    deinit { bytes.deallocate() }

    subscript(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: bytes[range])
    }
}
