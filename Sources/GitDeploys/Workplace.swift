import Glibc

/// A folder of this process alone for what is taken out of a repository.
package final class Workplace {
    package let path: String

    /// Makes the folder in `parent`.
    ///
    /// - Throws: `fileSystem`.
    package init(in parent: String) throws(GitDeployError) {
        var template = Array("\(parent)/faas-push-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            let reason = String(cString: strerror(errno))
            throw GitDeployError(
                .fileSystem,
                "no temporary folder can be made in \(parent): \(reason)",
                advice: "free some space, or set TMPDIR"
            )
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Removes a file, or a folder with all that is in it; links are not followed.
    package static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        var folders = [path]
        while let folder = folders.last {
            let inner = emptied(folder)
            guard inner.isEmpty else {
                folders += inner
                continue
            }
            // One that can't be emptied stays, with those around it.
            guard rmdir(folder) == 0 else { return }
            folders.removeLast()
        }
    }

    /// Unlinks the files of a folder; the folders that are left in it.
    private static func emptied(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var inner: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(cString: $0)
                }
            }
            guard name != ".", name != ".." else { continue }
            let path = "\(folder)/\(name)"
            if unlink(path) != 0, errno == EISDIR || errno == EPERM { inner.append(path) }
        }
        return inner
    }
}
