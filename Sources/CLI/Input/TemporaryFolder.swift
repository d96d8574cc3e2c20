import Glibc
import Packaging
import Synchronization

/// A folder of this process alone; it goes with the process, whatever ends that but SIGKILL.
struct TemporaryFolder {
    /// Those that are there; who makes or removes one holds the lock.
    private static let paths = Mutex<Set<String>>([])

    /// What is left is removed when the process exits, wherever it does so.
    private static let isRegistered: Bool = atexit { TemporaryFolder.removeAll() } == 0

    let path: String

    init() throws(CommandFailure) {
        _ = Self.isRegistered
        let parent = Console.current.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 }
        path = try Self.paths.withLock { (paths) throws(CommandFailure) in
            let path = try Self.make(in: parent ?? "/tmp")
            paths.insert(path)
            return path
        }
    }

    private static func make(in parent: String) throws(CommandFailure) -> String {
        var template = Array("\(parent)/faas-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                .refused,
                "no temporary folder: \(String(cString: strerror(errno)))",
                advice: "free some space, or set TMPDIR"
            )
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes the folder with all that is in it.
    func remove() {
        Self.paths.withLock { paths in
            if paths.remove(path) != nil { Self.remove(path) }
        }
    }

    /// Removes those of the whole process.
    static func removeAll() {
        paths.withLock { paths in
            for path in paths { remove(path) }
            paths = []
        }
    }

    /// What cannot be removed stays: there is nobody to tell by now.
    private static func remove(_ path: String) {
        // Another thread may still write into it: by its name it finds it no longer.
        let gone = "\(path).gone"
        try? Bundle.remove(folder: rename(path, gone) == 0 ? gone : path)
    }
}
