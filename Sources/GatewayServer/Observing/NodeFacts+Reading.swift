import GatewayAPI
import Glibc

extension NodeFacts {
    /// Controllers that limits are made with.
    package static let controllersNeeded = ["cpu", "memory", "pids"]
    /// Where programs of the system are looked for, in this order.
    private static let programFolders = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]
    /// `ST_NOEXEC` of statvfs(3).
    private static let noExecFlag: UInt = 8

    /// Reads a host and runs programs of it to learn their versions.
    ///
    /// Blocks for 50 ms or so. The `root` is `/` but in tests; the data folder is not under it.
    /// Without the path of an OCI runtime, runc is looked for, then crun.
    static func read(
        root: String,
        dataFolder: String,
        runtime: String?,
        python: String
    ) -> NodeFacts {
        let files = HostFiles(root: root)
        var facts = NodeFacts()
        facts.isRoot = geteuid() == 0
        facts.kernel = files.text("/proc/sys/kernel/osrelease")?.firstLine
        facts.runtime = runtime.map { program($0, files) } ?? findRuntime(files)
        facts.python = program(python, files)
        facts.readCgroups(files)
        facts.readSeccomp(files)
        facts.readDataFolder(dataFolder)
        return facts
    }

    private static func findRuntime(_ files: HostFiles) -> NodeReport.Program? {
        for name in ["runc", "crun"] {
            for folder in programFolders {
                if let program = program("\(folder)/\(name)", files) { return program }
            }
        }
        return nil
    }

    private static func program(_ path: String, _ files: HostFiles) -> NodeReport.Program? {
        guard files.isExecutable(path) else { return nil }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let version = ProgramVersion.read(files.location(path)) ?? "unknown"
        return NodeReport.Program(name: name, version: version, path: path)
    }

    private mutating func readCgroups(_ files: HostFiles) {
        let mounts = CgroupMounts(mountinfo: files.text("/proc/self/mountinfo") ?? "")
        cgroupLayout = mounts.layout
        let needed = Set(Self.controllersNeeded)
        if mounts.layout == .v2, let unified = mounts.unified {
            let text = files.text("\(unified)/cgroup.controllers") ?? ""
            cgroupControllers = needed.intersection(text.words)
            isCgroupWritable = files.isWritable(unified)
        } else {
            cgroupControllers = needed.intersection(mounts.controllers.keys)
            isCgroupWritable = cgroupControllers.allSatisfy {
                mounts.controllers[$0].map(files.isWritable) ?? false
            }
        }
    }

    private mutating func readSeccomp(_ files: HostFiles) {
        hasSeccomp = files.line("Seccomp", in: "/proc/self/status") != nil
        seccompActions = Set((files.text("/proc/sys/kernel/seccomp/actions_avail") ?? "").words)
    }

    private mutating func readDataFolder(_ folder: String) {
        let files = HostFiles(root: "/")
        dataFolder = folder
        dataFolderFault = files.writeTrial(in: folder).map { String(cString: strerror($0)) }
        guard let status = files.fileSystem(of: folder) else { return }
        isDataFolderNoExec = UInt(status.f_flag) & Self.noExecFlag != 0
        diskFreeBytes = Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize)
    }
}

extension String {
    fileprivate var firstLine: String { String(prefix { $0 != "\n" }) }

    fileprivate var words: [String] {
        split { $0 == " " || $0 == "\n" || $0 == "\t" }.map(String.init)
    }
}
