import Glibc

extension WeightStore {
    private static let partialSuffix = ".part"

    /// Removes files that no revision needs; those that are being fetched stay.
    ///
    /// Blocking.
    package func removeAll(except needed: Set<String>) {
        for name in names
        where WeightSource.isDigest(name) && !needed.contains(name) {
            unlessFetching(name) { unlink(path(of: name)) }
        }
    }

    /// Removes parts of files that no fetch has gone on with for `limits.partialSecondsMax`, and
    /// those of files that are there; others too while the disk has less free than it must.
    ///
    /// Blocking.
    package func removeLeftovers() {
        let now = time(nil)
        for name in names where name.hasSuffix(Self.partialSuffix) {
            let digest = String(name.dropLast(Self.partialSuffix.count))
            var status = stat()
            guard WeightSource.isDigest(digest), lstat(path(of: name), &status) == 0
            else { continue }
            let age = now - status.st_mtim.tv_sec
            if age > limits.partialSecondsMax || exists(digest) || space.isShort {
                unlessFetching(digest) { unlink(path(of: name)) }
            }
        }
    }

    /// Empty when there is no folder yet.
    private var names: [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names
    }
}
