import Glibc
import Hosts

extension ContainerDevices.Node {
    /// Bits of a mode that say who may do what.
    private static let permissionBits: UInt32 = 0o777

    /// The node of the host at `hostPath`, for `path` in the container; nil if none is there.
    init?(_ hostPath: String, path: String? = nil, access: String = "rw", in tree: HostTree) {
        guard let status = tree.status(of: hostPath) else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFCHR: kind = .character
        case S_IFBLK: kind = .block
        default: return nil
        }
        self.path = path ?? hostPath
        self.access = access
        // As glibc packs them: 12 and 20 bits of major, 8 and 24 of minor.
        let number = UInt64(status.st_rdev)
        major = UInt32(truncatingIfNeeded: (number >> 8 & 0xfff) | (number >> 32 & 0xffff_f000))
        minor = UInt32(truncatingIfNeeded: (number & 0xff) | (number >> 12 & 0xffff_ff00))
        mode = UInt32(status.st_mode) & Self.permissionBits
        user = status.st_uid
        group = status.st_gid
    }

    /// The group that a process must be in, where others may not open the node; nil if none helps.
    package var neededGroup: UInt32? {
        let others = mode & 0o006
        let owning = mode >> 3 & 0o006
        return owning & ~others != 0 ? group : nil
    }
}
