import Glibc
import Instances

/// Keeps a second gateway from the same data.
struct DataLock {
    private let file: CInt

    /// Makes the data folder where it is missing.
    init(folder: String) throws(InstanceError) {
        for path in [folder, "\(folder)/bundles", "\(folder)/incoming", "\(folder)/logs"] {
            try Self.makeFolder(path)
        }
        file = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw InstanceError(
                .host,
                "cannot write to \(folder): \(String(cString: strerror(errno)))"
            )
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw InstanceError(
                .host,
                "another gateway uses \(folder): stop it, or give another --data"
            )
        }
    }

    func release() { close(file) }

    private static func makeFolder(_ path: String) throws(InstanceError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]))
            if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        }
        throw InstanceError(
            .host,
            "cannot make the folder \(path): \(String(cString: strerror(errno)))"
        )
    }
}
