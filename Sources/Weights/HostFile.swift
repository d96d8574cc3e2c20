import Glibc

/// A file of this host that weights are copied from.
///
/// Whoever may deploy may name any path, and what they name is then theirs to read: so it must be
/// a file that everyone on the host may read, in folders that everyone may enter, and none of the
/// gateway's own.
struct HostFile: ~Copyable {
    private static let chunkBytes = 1 << 20
    private static let kernelFolders = ["/proc", "/sys", "/dev"]

    let byteCount: Int64
    private let path: String
    private let descriptor: CInt

    /// - Throws: `.sourceRefused`, `.unreachable`.
    init(path: String, dataFolder: String) throws(WeightsError) {
        // Nor is it told what there is in a folder that not everyone may enter.
        try Self.checkFolders(above: path, path)
        // Not to wait for the writer of a pipe.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            let isLink = errno == ELOOP
            let reason = isLink ? "it is a symbolic link: name its target" : WeightsError.reason
            throw WeightsError(isLink ? .sourceRefused : .unreachable, "file://\(path): \(reason)")
        }
        do throws(WeightsError) {
            byteCount = try Self.check(descriptor, path, dataFolder: dataFolder)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Judges what has been opened, which no link can change any more; gives its size.
    private static func check(
        _ descriptor: CInt,
        _ path: String,
        dataFolder: String
    ) throws(WeightsError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("look at \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw refusal(path, "it is not a regular file: name a file")
        }
        guard let real = resolved("/proc/self/fd/\(descriptor)") else {
            throw .system("look at \(path)")
        }
        let folders = kernelFolders + [resolved(dataFolder) ?? dataFolder]
        guard !folders.contains(where: { real.hasPrefix("\($0)/") }) else {
            throw refusal(path, "it is a file of the kernel or of the gateway itself: name another")
        }
        guard status.st_mode & S_IROTH != 0 else {
            throw refusal(path, "not everyone on the host may read it: run chmod o+r on it")
        }
        try checkFolders(above: real, path)
        return Int64(status.st_size)
    }

    /// Checks that everyone on the host may enter the folders on the way to `place`, as far as
    /// there are any.
    private static func checkFolders(
        above place: String,
        _ path: String
    ) throws(WeightsError) {
        for slash in place.utf8.indices where place.utf8[slash] == UInt8(ascii: "/") {
            let folder = String(place[...slash])
            var status = stat()
            guard stat(folder, &status) == 0 else { return }
            guard status.st_mode & S_IXOTH != 0 else {
                throw refusal(
                    path,
                    "not everyone on the host may enter \(folder): run chmod o+x on it, or name a "
                        + "file elsewhere"
                )
            }
        }
    }

    private static func refusal(_ path: String, _ reason: String) -> WeightsError {
        WeightsError(.sourceRefused, "file://\(path): \(reason)")
    }

    /// The path without symbolic links.
    private static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Copies all of it.
    func copy(
        into partial: PartialFile,
        isStopped: () -> Bool,
        progress: (Int64, Int64?) -> Void
    ) throws(WeightsError) {
        try partial.restart()
        try partial.expect(total: byteCount)
        let buffer = Buffer(byteCount: Self.chunkBytes)
        while let bytes = try buffer.read(from: descriptor, path) {
            guard !isStopped() else { throw .stopping }
            try partial.append(bytes)
            progress(partial.byteCount, byteCount)
        }
    }
}

extension WeightsError {
    /// What `errno` says.
    fileprivate static var reason: String { String(cString: strerror(errno)) }
}
