import Glibc
import Instances

/// Blocking file calls with errors that name the path; not for event loops.
enum Files {
    static func makeFolder(
        _ path: String,
        mode: mode_t = 0o755,
        makesParents: Bool = true
    ) throws(InstanceError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard makesParents, errno == ENOENT, let slash = path.lastIndex(of: "/"),
            slash > path.startIndex
        else {
            throw failure("make the folder", path)
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        if mkdir(path, mode) != 0, errno != EEXIST { throw failure("make the folder", path) }
    }

    static func write(
        _ text: String,
        to path: String,
        mode: mode_t = 0o644
    )
        throws(InstanceError)
    {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("open", path) }
        defer { Glibc.close(file) }
        var text = text
        let written = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == text.utf8.count else { throw failure("write", path) }
    }

    /// Nil when the file cannot be read; the first `bytesMax` bytes otherwise.
    static func read(_ path: String, bytesMax: Int = 64 << 10) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var bytes: [UInt8] = []
        while bytes.count < bytesMax {
            let wanted = min(16 << 10, bytesMax - bytes.count)
            let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                count = max(0, Glibc.read(file, buffer.baseAddress, wanted))
            }
            if piece.isEmpty { break }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Nil when the file cannot be read; its last `bytesMax` bytes otherwise.
    static func readEnd(_ path: String, bytesMax: Int = 64 << 10) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        let start = max(0, lseek(file, 0, SEEK_END) - bytesMax)
        let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            count = max(0, pread(file, buffer.baseAddress, bytesMax, start))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Names in a folder, without `.` and `..`; empty when it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a file or a folder with all in it, following no links.
    static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    static func failure(_ verb: String, _ path: String) -> InstanceError {
        InstanceError(.host, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
