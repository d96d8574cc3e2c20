import GatewayClient
import Glibc

/// A file that an answer is written to.
final class OutputFile {
    let path: String
    private let descriptor: Int32

    /// Throws when it is there already.
    init(path: String) throws(CommandFailure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(
                .refused,
                "cannot make \(path): \(String(cString: strerror(errno)))",
                advice: "free some space, or set TMPDIR"
            )
        }
        self.path = path
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ClientError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw ClientError(
                    .inputUnreadable,
                    "cannot write \(path): \(String(cString: strerror(errno)))",
                    advice: "free some space, or set TMPDIR"
                )
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    func remove() { unlink(path) }
}
