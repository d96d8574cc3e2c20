import Glibc
import Hosts

/// What a process of this host has used, read from `/proc`.
package struct ProcessUsage: Sendable, Hashable {
    package var residentBytes: Int
    /// In user and kernel mode, of all threads.
    package var cpuSeconds: Double
    package var openFileCount: Int
    package var openFileCountMax: Int?
    /// Since 1970 UTC.
    package var startedAtSeconds: Double

    package init(
        residentBytes: Int,
        cpuSeconds: Double,
        openFileCount: Int,
        openFileCountMax: Int?,
        startedAtSeconds: Double
    ) {
        self.residentBytes = residentBytes
        self.cpuSeconds = cpuSeconds
        self.openFileCount = openFileCount
        self.openFileCountMax = openFileCountMax
        self.startedAtSeconds = startedAtSeconds
    }

    /// Reads a process, by default this one; nil where `/proc` is not mounted.
    ///
    /// `folder` is the process's own; `stat` of the whole host lies beside it.
    package static func read(_ folder: String = "/proc/self") -> ProcessUsage? {
        let tree = HostTree(root: "/")
        // The name, in parentheses, may itself contain any character (proc(5)).
        let stat = tree.text("\(folder)/stat")
        guard let nameEnd = stat.lastIndex(of: ")"),
            let boot = tree.line("btime", in: "\(folder)/../stat").flatMap({ Double($0) })
        else { return nil }
        let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
        // The first of these is the third field of the manual's list.
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let start = Double(fields[19]), let pages = Int(fields[21])
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        // The value has a space in its name; then the soft limit, the hard one and the unit.
        let limit = tree.line("Max open files", in: "\(folder)/limits")
        return ProcessUsage(
            residentBytes: pages * sysconf(Int32(_SC_PAGESIZE)),
            cpuSeconds: (user + system) / ticks,
            openFileCount: tree.names(in: "\(folder)/fd").count,
            openFileCountMax: limit?.split(separator: " ").first.flatMap { Int($0) },
            startedAtSeconds: boot + start / ticks
        )
    }
}
