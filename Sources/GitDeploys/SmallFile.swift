import Glibc

/// Files of a few lines.
enum SmallFile {
    /// Nil when there is none, or one that is too large.
    static func contents(of path: String, bytesMax: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= bytesMax else { return nil }
            if count == 0 { return bytes }
            bytes.append(contentsOf: piece[..<count])
        }
    }

    /// Replaces the file as a whole; makes its folder where that is missing.
    ///
    /// - Throws: `fileSystem`.
    static func write(
        _ bytes: [UInt8],
        to path: String,
        mode: mode_t = 0o600
    ) throws(GitDeployError) {
        if let slash = path.lastIndex(of: "/") { makeFolders(String(path[..<slash])) }
        let draft = "\(path).\(getpid()).new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        let file = open(draft, flags, mode)
        guard file >= 0 else { throw failure(path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        let isGood = rest.isEmpty && fchmod(file, mode) == 0
        guard close(file) == 0, isGood, rename(draft, path) == 0 else {
            let error = failure(path)
            unlink(draft)
            throw error
        }
    }

    private static func makeFolders(_ path: String) {
        guard !path.isEmpty, access(path, F_OK) != 0 else { return }
        if let slash = path.lastIndex(of: "/") { makeFolders(String(path[..<slash])) }
        mkdir(path, 0o700)
    }

    private static func failure(_ path: String) -> GitDeployError {
        GitDeployError(.fileSystem, "can't write \(path): \(String(cString: strerror(errno)))")
    }
}
