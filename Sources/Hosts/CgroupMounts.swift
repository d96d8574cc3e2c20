package import GatewayAPI

/// How control groups are mounted, from a mount table.
package struct CgroupMounts: Sendable, Hashable {
    package var layout: CgroupLayout
    /// Controllers of version 1, and where each is mounted.
    var controllers: [String: String] = [:]
    /// Where version 2 is mounted.
    var unified: String?

    /// - Parameter mountinfo: as `/proc/self/mountinfo` (proc(5)): the file system's type stands
    ///   first behind the lone `-`, its options third.
    package init(mountinfo: String) {
        var hasVersion1 = false
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 4, dash + 3 < fields.count else {
                continue
            }
            let place = String(fields[4])
            switch fields[dash + 1] {
            case "cgroup":
                hasVersion1 = true
                for option in fields[dash + 3].split(separator: ",") where !option.contains("=") {
                    controllers[String(option)] = place
                }
            case "cgroup2": unified = unified ?? place
            default: break
            }
        }
        layout =
            switch (hasVersion1, unified != nil) {
            case (true, true): .hybrid
            case (true, false): .v1
            case (false, true): .v2
            case (false, false): .absent
            }
    }
}
