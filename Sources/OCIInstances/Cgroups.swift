import Glibc
package import Instances

/// The host's control groups, in either layout, and the groups of one gateway in them.
///
/// A sandbox's group holds the group `zygote` and one for each instance. Blocking file calls.
package struct Cgroups: Sendable {
    package enum Layout: Sendable, Equatable {
        /// One hierarchy a controller; name to mount point (cgroup v1, or the v1 part of a hybrid).
        case v1([String: String])
        /// The unified hierarchy at this mount point (cgroup v2).
        case v2(String)
    }

    /// Limits of one group.
    package struct Limits: Sendable {
        /// Of memory and swap together where the kernel accounts for swap, so that none is used.
        package var memoryBytes: Int
        package var processes: Int
        package var cpuMillis: Int

        package init(memoryBytes: Int, processes: Int, cpuMillis: Int) {
            self.memoryBytes = memoryBytes
            self.processes = processes
            self.cpuMillis = cpuMillis
        }
    }

    /// Controllers whose limits we set ourselves; the OCI runtime sets the others.
    private static let ours = ["memory", "pids", "cpu"]
    private static let cpuPeriodMicros = 100_000

    let layout: Layout
    /// The gateway's group, below which each sandbox has one: `/faas/TAG`.
    let root: String

    package init(layout: Layout, tag: String) {
        self.layout = layout
        root = "/faas/\(tag)"
    }

    /// Reads the layout from a mount table such as `/proc/self/mountinfo`.
    ///
    /// A memory controller of version 1 decides for it: on a hybrid host the unified hierarchy is
    /// there too but has no controllers.
    package static func layout(mounts: String) -> Layout? {
        var hierarchies: [String: String] = [:]
        var unified: String?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 3 < fields.count, fields.count > 4
            else { continue }
            let point = String(fields[4])
            if fields[dash + 1] == "cgroup2" { unified = unified ?? point }
            guard fields[dash + 1] == "cgroup" else { continue }
            for option in fields[dash + 3].split(separator: ",") {
                let name = option.hasPrefix("name=") ? option.dropFirst(5) : option
                if name != "rw", name != "ro", hierarchies[String(name)] == nil {
                    hierarchies[String(name)] = point
                }
            }
        }
        if hierarchies["memory"] != nil {
            // Without controllers, but the OCI runtime makes its groups there too.
            if let unified { hierarchies["unified"] = unified }
            return .v1(hierarchies)
        }
        return unified.map { .v2($0) }
    }

    /// Makes a group with its limits; one that exists gets the limits.
    ///
    /// With `isBelow` only in a group that is there: one that is being removed stays gone.
    package func make(
        _ group: String,
        _ limits: Limits,
        isBelow: Bool = false
    ) throws(InstanceError) {
        switch layout {
        case .v1:
            for (controller, file, value) in settingsV1(limits) {
                guard let path = path(group, controller) else { continue }
                try Files.makeFolder(path, makesParents: !isBelow)
                try Files.write(value, to: "\(path)/\(file)")
            }
        case .v2(let mount):
            try Files.makeFolder(mount + group, makesParents: !isBelow)
            try Files.write("\(limits.memoryBytes)", to: "\(mount)\(group)/memory.max")
            try Files.write("1", to: "\(mount)\(group)/memory.oom.group")
            try Files.write("\(limits.processes)", to: "\(mount)\(group)/pids.max")
            let quota = limits.cpuMillis * Self.cpuPeriodMicros / 1000
            try Files.write("\(quota) \(Self.cpuPeriodMicros)", to: "\(mount)\(group)/cpu.max")
        }
        try limitRest(of: group, memoryBytes: limits.memoryBytes)
    }

    /// Limits what would come on top of a group's memory, which is limited already: swap, and in
    /// version 1 the kernel's buffers of sockets.
    ///
    /// Nothing is done about what the kernel does not account for.
    package func limitRest(of group: String, memoryBytes: Int) throws(InstanceError) {
        guard let path = path(group, "memory") else { return }
        let settings =
            if case .v1 = layout {
                [
                    ("memory.memsw.limit_in_bytes", "\(memoryBytes)"),
                    ("memory.kmem.tcp.limit_in_bytes", "\(memoryBytes)"),
                ]
            } else {
                [("memory.swap.max", "0")]
            }
        for (file, value) in settings where Files.exists("\(path)/\(file)") {
            try Files.write(value, to: "\(path)/\(file)")
        }
    }

    /// Moves a process, with all its threads, into a group.
    func place(_ pid: pid_t, in group: String) throws(InstanceError) {
        for path in paths(group, of: Self.ours) {
            try Files.write("\(pid)", to: "\(path)/cgroup.procs")
        }
    }

    /// How often the kernel ended a process of the group because of its memory limit.
    func memoryKills(in group: String) -> Int {
        guard let path = path(group, "memory") else { return 0 }
        let (file, key) =
            if case .v1 = layout { ("memory.oom_control", "oom_kill") } else {
                ("memory.events", "oom_kill")
            }
        for line in (Files.read("\(path)/\(file)") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key { return Int(words[1]) ?? 0 }
        }
        return 0
    }

    /// Processes in a group, as this process sees their ids.
    func processes(in group: String) -> [pid_t] {
        guard let path = path(group, "memory") else { return [] }
        return (Files.read("\(path)/cgroup.procs") ?? "").split(separator: "\n").compactMap {
            pid_t($0)
        }
    }

    /// Names of the groups directly below a group.
    func children(of group: String) -> [String] {
        var names: Set<String> = []
        for path in allPaths(group) {
            names.formUnion(Files.names(in: path).filter { isFolder("\(path)/\($0)") })
        }
        return names.sorted()
    }

    /// Ends every process in a group and below it, then removes the groups; false if some stay.
    func remove(_ group: String, attemptsMax: Int = 200) -> Bool {
        for attempt in 0..<attemptsMax {
            kill(group)
            if removeFolders(group) { return true }
            usleep(attempt < 20 ? 500 : 10_000)
        }
        return false
    }

    /// Removes this gateway's own group, and the one of all gateways when it was the last.
    func removeRoot() -> Bool {
        guard remove(root) else { return false }
        for path in allPaths("/faas") { rmdir(path) }
        return true
    }

    /// Sends SIGKILL to every process in a group and below it.
    func kill(_ group: String) {
        if case .v2(let mount) = layout,
            (try? Files.write("1", to: "\(mount)\(group)/cgroup.kill")) != nil
        {
            return
        }
        for child in children(of: group) { kill("\(group)/\(child)") }
        for pid in processes(in: group) { Glibc.kill(pid, SIGKILL) }
    }

    private func removeFolders(_ group: String) -> Bool {
        var isGone = true
        for child in children(of: group) where !removeFolders("\(group)/\(child)") {
            isGone = false
        }
        for path in allPaths(group) where rmdir(path) != 0 && errno != ENOENT { isGone = false }
        return isGone
    }

    private func settingsV1(_ limits: Limits) -> [(String, String, String)] {
        [
            ("memory", "memory.limit_in_bytes", "\(limits.memoryBytes)"),
            ("pids", "pids.max", "\(limits.processes)"),
            ("cpu", "cpu.cfs_period_us", "\(Self.cpuPeriodMicros)"),
            (
                "cpu", "cpu.cfs_quota_us",
                "\(limits.cpuMillis * Self.cpuPeriodMicros / 1000)"
            ),
        ]
    }

    private func path(_ group: String, _ controller: String) -> String? {
        switch layout {
        case .v1(let hierarchies): hierarchies[controller].map { $0 + group }
        case .v2(let mount): mount + group
        }
    }

    private func paths(_ group: String, of controllers: [String]) -> [String] {
        switch layout {
        case .v1: Set(controllers.compactMap { path(group, $0) }).sorted()
        case .v2(let mount): [mount + group]
        }
    }

    /// The group's folder in every hierarchy: the OCI runtime makes one in each.
    private func allPaths(_ group: String) -> [String] {
        switch layout {
        case .v1(let hierarchies): Set(hierarchies.values).sorted().map { $0 + group }
        case .v2(let mount): [mount + group]
        }
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
