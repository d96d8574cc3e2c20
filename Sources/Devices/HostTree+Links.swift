import Glibc
import Hosts

extension HostTree {
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
        guard let base = realPath(location("/")),
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
