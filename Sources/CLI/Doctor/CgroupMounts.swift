package import GatewayAPI

/// Tells the layout of control groups from the mounts of a process.
package enum CgroupMounts {
    /// Reads `/proc/self/mountinfo` (proc(5)): the type stands first behind the lone `-`.
    package static func layout(mountinfo: String) -> CgroupLayout {
        var hasVersion1 = false
        var hasVersion2 = false
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
            switch fields[dash + 1] {
            case "cgroup": hasVersion1 = true
            case "cgroup2": hasVersion2 = true
            default: break
            }
        }
        return switch (hasVersion1, hasVersion2) {
        case (true, true): .hybrid
        case (true, false): .v1
        case (false, true): .v2
        case (false, false): .absent
        }
    }
}
