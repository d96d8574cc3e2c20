import Glibc

/// The host's file system under a root, which is `/` but in tests.
///
/// Paths are absolute and without the root, in arguments and answers. All of it blocks.
package struct HostTree: Sendable {
    /// More than any file of the kernel's that is read here as text has.
    private static let textBytesMax = 4 << 20

    private let root: String

    package init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// Where a path lies for system calls.
    package func location(_ path: String) -> String { root + path }

    /// The names in a folder, sorted; empty where there is no such folder.
    package func names(in folder: String) -> [String] {
        guard let stream = opendir(location(folder)) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The contents of a file of at most `bytesMax` bytes; nil if it cannot be read or is larger.
    ///
    /// Files of the kernel tell their size only at their end.
    package func contents(of path: String, bytesMax: Int) -> [UInt8]? {
        let file = Glibc.open(location(path), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= bytesMax else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// A file as text; empty if it cannot be read.
    package func text(_ path: String) -> String {
        String(decoding: contents(of: path, bytesMax: Self.textBytesMax) ?? [], as: UTF8.self)
    }

    /// What follows `key`, a colon or spaces in the first line that begins with it; nil without
    /// one.
    package func line(_ key: String, in path: String) -> String? {
        for line in text(path).split(separator: "\n") where line.hasPrefix(key) {
            let rest = line.dropFirst(key.count)
            guard let next = rest.first, next == ":" || next == " " || next == "\t" else {
                continue
            }
            return String(rest.drop { $0 == ":" || $0 == " " || $0 == "\t" })
        }
        return nil
    }

    func isExecutable(_ path: String) -> Bool { access(location(path), X_OK) == 0 }

    func isWritable(_ path: String) -> Bool { access(location(path), W_OK) == 0 }

    func fileSystem(ofFolder path: String) -> statvfs? {
        var status = statvfs()
        // The slash makes the root of nothing.
        return statvfs("\(location(path))/", &status) == 0 ? status : nil
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
