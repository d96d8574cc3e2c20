import Glibc

/// A host's file system under a root, which is `/` but in tests.
///
/// Paths are absolute and without the root. All of it blocks.
struct HostFiles: Sendable {
    /// More than any file of the kernel's that is read here has.
    private static let textBytesMax = 1 << 20

    private let root: String

    init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// Where a path lies for system calls.
    func location(_ path: String) -> String { root + path }

    /// The contents of a file, whose size is known only at its end; nil if it cannot be read.
    func text(_ path: String) -> String? {
        let file = Glibc.open(location(path), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < Self.textBytesMax {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What follows `key`, a colon or spaces in the first line that begins with it; nil without
    /// one.
    func line(_ key: String, in path: String) -> String? {
        guard let text = text(path) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            let rest = line.dropFirst(key.count)
            guard let next = rest.first, next == ":" || next == " " || next == "\t" else {
                continue
            }
            return String(rest.drop { $0 == ":" || $0 == " " || $0 == "\t" })
        }
        return nil
    }

    /// The names in a folder, in no order; empty where there is no such folder.
    func names(in folder: String) -> [String] {
        guard let stream = opendir(location(folder)) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    func exists(_ path: String) -> Bool { access(location(path), F_OK) == 0 }

    func isExecutable(_ path: String) -> Bool { access(location(path), X_OK) == 0 }

    func isWritable(_ path: String) -> Bool { access(location(path), W_OK) == 0 }

    func fileSystem(of path: String) -> statvfs? {
        var status = statvfs()
        return statvfs(location(path), &status) == 0 ? status : nil
    }

    /// Makes a file in a folder and removes it: permissions alone do not tell whether that works.
    /// - Returns: nil when it worked, or the errno.
    func writeTrial(in folder: String) -> Int32? {
        let path = location("\(folder)/.write-trial-\(getpid())")
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return errno }
        close(file)
        unlink(path)
        return nil
    }
}
