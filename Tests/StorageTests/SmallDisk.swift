import Glibc

/// A real file system in memory with little room.
struct SmallDisk {
    let path: String
    private var ballast: String { path + "/ballast" }

    static let isPossible: Bool = {
        guard let folder = try? TemporaryFolder(),
            let disk = try? SmallDisk(at: folder("probe"), bytes: 1 << 20)
        else { return false }
        disk.unmount()
        return true
    }()

    init(at path: String, bytes: Int) throws {
        self.path = path
        mkdir(path, 0o755)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
            rmdir(path)
            throw TemporaryFolder.Failure(what: "mount")
        }
    }

    /// Takes all the room but 256 KiB.
    func fill() throws {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw TemporaryFolder.Failure(what: "statvfs") }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let file = open(ballast, O_CREAT | O_WRONLY, 0o644)
        defer { close(file) }
        guard posix_fallocate(file, 0, free - 256 << 10) == 0 else {
            throw TemporaryFolder.Failure(what: "fallocate")
        }
    }

    func makeRoom() { unlink(ballast) }

    func unmount() {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
