import GatewayAPI
import Glibc
import NIOCore

/// A file that is sent and has no name any more, so that nothing of it is left whatever happens.
final class OpenUpload: Sendable {
    let byteCount: Int
    private let file: CInt
    private static let chunkBytes = 256 << 10

    init(path: String) throws {
        file = open(path, O_RDONLY | O_CLOEXEC)
        unlink(path)
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0 else {
            throw Problem(.internal, detail: "The bundle cannot be read.")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(file) }

    /// Nil at the end; blocks.
    func next() throws -> ByteBuffer? {
        var buffer = ByteBuffer()
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.chunkBytes) {
            max(0, read(file, $0.baseAddress, Self.chunkBytes))
        }
        return count > 0 ? buffer : nil
    }
}
