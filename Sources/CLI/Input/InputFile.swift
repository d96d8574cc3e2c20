import GatewayClient
import Glibc

/// A file opened as the body of a request, closed with `close`.
struct InputFile {
    let descriptor: Int32
    /// Nil for what has no size, such as a pipe.
    let bytes: Int64?

    /// Throws when there is no such file that can be read.
    init(path: String) throws(CommandFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            Glibc.close(descriptor)
            throw Self.unreadable(path)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            Glibc.close(descriptor)
            throw CommandFailure(.refused, "\(path) is a folder", advice: "name a file")
        }
        self.descriptor = descriptor
        bytes = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    var body: RequestBody { .descriptor(descriptor, bytes: bytes) }

    func close() { _ = Glibc.close(descriptor) }

    /// By the name's suffix; bytes without a meaning otherwise.
    static func contentType(ofPath path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        let suffix = name.contains(".") ? name.split(separator: ".").last ?? "" : ""
        return contentTypes[suffix.lowercased()] ?? "application/octet-stream"
    }

    private static let contentTypes = [
        "json": "application/json", "ndjson": "application/x-ndjson",
        "txt": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8",
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp",
        "pdf": "application/pdf", "wav": "audio/wav",
    ]

    private static func unreadable(_ path: String) -> CommandFailure {
        CommandFailure(.refused, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
