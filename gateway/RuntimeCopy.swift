import FoundationEssentials
import Glibc
import Instances
import Packaging

/// The Python runtime as sandboxes see it: a copy in the data folder, compiled once.
///
/// Sandboxes see their files read-only, so that Python could not keep what it compiles; compiling
/// the runtime anew costs each cold start some milliseconds. The copy is named by its contents.
enum RuntimeCopy {
    /// Makes the copy unless it is there; returns its folder.
    static func make(of source: String, in dataFolder: String, python: String) throws -> String {
        let files = try FileManager.default.subpathsOfDirectory(atPath: source)
            .filter { $0.hasSuffix(".py") || $0.hasSuffix(".typed") }.sorted()
        var digest = SHA256()
        for file in files {
            digest.update(Array("\(file)\n".utf8))
            digest.update(
                [UInt8](FileManager.default.contents(atPath: "\(source)/\(file)") ?? Data())
            )
        }
        let folder = "\(dataFolder)/runtime/\(digest.finalize().prefix(16))"
        guard access(folder, F_OK) != 0 else { return folder }
        let unfinished = "\(folder).unfinished"
        try? FileManager.default.removeItem(atPath: unfinished)
        for file in files {
            let target = "\(unfinished)/\(file)"
            let parent = target[..<(target.lastIndex(of: "/") ?? target.endIndex)]
            try FileManager.default.createDirectory(
                atPath: String(parent),
                withIntermediateDirectories: true
            )
            try FileManager.default.copyItem(atPath: "\(source)/\(file)", toPath: target)
        }
        try compile(unfinished, python: python)
        guard rename(unfinished, folder) == 0 || errno == ENOTEMPTY else {
            throw InstanceError(.host, "cannot make \(folder): \(String(cString: strerror(errno)))")
        }
        return folder
    }

    /// With hashes that are not checked: the copy never changes.
    private static func compile(_ folder: String, python: String) throws {
        let arguments = [
            "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder,
        ]
        var pointers: [UnsafeMutablePointer<CChar>?] = ([python] + arguments).map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var pid: pid_t = 0
        var status: CInt = -1
        let error = posix_spawn(&pid, python, nil, nil, pointers, environ)
        if error == 0 { while waitpid(pid, &status, 0) < 0, errno == EINTR {} }
        guard error == 0, status == 0 else {
            throw InstanceError(.host, "\(python) could not compile the runtime in \(folder)")
        }
    }
}
