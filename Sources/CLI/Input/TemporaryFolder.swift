import Glibc

/// A folder of this process alone, for one file.
struct TemporaryFolder {
    let path: String

    init() throws(CommandFailure) {
        let parent = Console.current.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 }
        var template = Array("\(parent ?? "/tmp")/faas-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                .refused,
                "no temporary folder: \(String(cString: strerror(errno)))",
                advice: "free some space, or set TMPDIR"
            )
        }
        path = template.withUnsafeBufferPointer { bytes in
            String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes the folder and the files in it.
    func remove() {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                        String(cString: $0)
                    }
                }
                if name != ".", name != ".." { unlink(file(name)) }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
