import Glibc

/// A file that is open as long as this value lives.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let path: String

    /// Opens a regular file to read; a symbolic link as the last component is refused.
    init(reading path: String) throws(PackagingError) {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("can't open \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw PackagingError(.fileSystem, "\(path) is not a regular file")
        }
        self.descriptor = descriptor
        self.path = path
    }

    /// Makes a file that is not there yet.
    init(creating path: String, mode: mode_t) throws(PackagingError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = open(path, flags, mode)
        guard descriptor >= 0 else { throw .system("can't make \(path)") }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Fills the front of `buffer`; fewer bytes than fit mean the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(PackagingError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("can't read \(path)") }
            guard count > 0 else { break }
            filled += count
        }
        return filled
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(PackagingError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("can't write \(path)") }
            written += count
        }
    }

    func setMode(_ mode: mode_t) throws(PackagingError) {
        guard fchmod(descriptor, mode) == 0 else { throw .system("can't change mode of \(path)") }
    }
}

extension OpenFile {
    /// The whole of a small file.
    static func contents(
        of path: String,
        bytesMax: Int
    ) throws(PackagingError) -> [UInt8] {
        let file = try OpenFile(reading: path)
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw .system("can't read \(path)") }
        guard status.st_size <= bytesMax else {
            throw PackagingError(.limitExceeded, "\(path) has more than \(bytesMax) bytes")
        }
        let chunk = Chunk(byteCount: Int(status.st_size))
        let count = try file.read(into: chunk.bytes)
        return Array(chunk[0..<count])
    }
}

extension PackagingError {
    /// What the last failed call of this thread left in `errno`.
    static func system(_ message: String) -> PackagingError {
        PackagingError(.fileSystem, message, cause: String(cString: strerror(errno)))
    }
}
