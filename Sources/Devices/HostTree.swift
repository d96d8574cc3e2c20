import Glibc

/// The host's file system under a root, which is `/` but in tests.
///
/// Paths are absolute and without the root, in arguments and answers.
package struct HostTree {
    private let root: String

    package init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// Where a path lies for system calls.
    func location(_ path: String) -> String { root + path }

    /// The names in a folder, sorted; empty where there is no such folder.
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
        return names.sorted()
    }

    /// The contents of a file of at most `bytesMax` bytes; nil if it cannot be read or is larger.
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

    /// What `stat` says of a path, links followed; nil if nothing is there.
    func status(of path: String) -> stat? {
        var status = stat()
        return stat(location(path), &status) == 0 ? status : nil
    }

    func isSocket(_ path: String) -> Bool {
        status(of: path).map { $0.st_mode & S_IFMT == S_IFSOCK } ?? false
    }

    /// The path without links; nil if nothing is there.
    func resolved(_ path: String) -> String? {
        guard let base = realPath(root.isEmpty ? "/" : root),
            let full = realPath(location(path))
        else { return nil }
        if base == "/" { return full }
        return full.hasPrefix(base + "/") ? String(full.dropFirst(base.count)) : nil
    }

    private func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension String {
    /// The folder of an absolute path.
    var folder: String {
        guard let slash = lastIndex(of: "/"), slash != startIndex else { return "/" }
        return String(self[..<slash])
    }

    /// What comes after the last slash.
    var lastComponent: String {
        lastIndex(of: "/").map { String(self[index(after: $0)...]) } ?? self
    }
}
