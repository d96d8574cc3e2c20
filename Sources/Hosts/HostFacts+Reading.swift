import GatewayAPI
import Glibc

extension HostFacts {
    /// Where the gateway looks for an OCI runtime, in this order.
    private static let programFolders = [
        "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin",
    ]
    /// `ST_NOEXEC` of statvfs(3).
    private static let noExecFlag: UInt = 8

    /// Reads a host and runs programs of it; what cannot be read counts as not there.
    ///
    /// Blocks for 100 ms or so. The `root` is `/` but in tests; the data folder is not under it.
    /// Without the path of an OCI runtime, runc and crun are looked for.
    package static func read(
        root: String = "/",
        dataFolder: String,
        isGateway: Bool = false,
        runtime: String? = nil,
        python: String = pythonPath
    ) -> HostFacts {
        let tree = HostTree(root: root)
        let runtimes = runtime.map { [$0] } ?? ["runc", "crun"].compactMap { find($0, tree) }
        var facts = HostFacts()
        facts.isGateway = isGateway
        facts.isRoot = geteuid() == 0
        facts.kernel = tree.text("/proc/sys/kernel/osrelease").firstLine
        facts.runtimes = runtimes.compactMap { program($0, tree) }
        facts.python = program(python, tree)
        facts.canMakeVenv = canMakeVenv(tree.location(python))
        facts.readCgroups(tree)
        facts.readSeccomp(tree)
        facts.readGPUs(tree)
        facts.readDataFolder(dataFolder)
        return facts
    }

    private static func find(_ name: String, _ tree: HostTree) -> String? {
        programFolders.map { "\($0)/\(name)" }.first(where: tree.isExecutable)
    }

    private static func program(_ path: String, _ tree: HostTree) -> NodeReport.Program? {
        guard tree.isExecutable(path) else { return nil }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let line = ProgramOutput.firstLine(of: tree.location(path), ["--version"]) ?? ""
        // `runc version 1.1.5+ds1`, `crun version 1.8`, `Python 3.11.2`.
        let version = line.split(separator: " ").last.map(String.init) ?? "unknown"
        return NodeReport.Program(name: name, version: version, path: path)
    }

    /// Debian has the module `venv` in one package, and the pip that it puts into an environment in
    /// another.
    private static func canMakeVenv(_ python: String) -> Bool {
        let check = "import ensurepip, venv; print(ensurepip.version())"
        return ProgramOutput.firstLine(of: python, ["-Ic", check]) != nil
    }

    private mutating func readCgroups(_ tree: HostTree) {
        let mounts = CgroupMounts(mountinfo: tree.text("/proc/self/mountinfo"))
        cgroupLayout = mounts.layout
        let needed = Set(Self.controllersNeeded)
        if mounts.layout == .v2, let unified = mounts.unified {
            cgroupControllers = needed.intersection(
                tree.text("\(unified)/cgroup.controllers").words
            )
            isCgroupWritable = tree.isWritable(unified)
        } else {
            cgroupControllers = needed.intersection(mounts.controllers.keys)
            isCgroupWritable = cgroupControllers.allSatisfy {
                mounts.controllers[$0].map(tree.isWritable) ?? false
            }
        }
    }

    private mutating func readSeccomp(_ tree: HostTree) {
        hasSeccomp = tree.line("Seccomp", in: "/proc/self/status") != nil
        seccompActions = Set(tree.text("/proc/sys/kernel/seccomp/actions_avail").words)
    }

    private mutating func readGPUs(_ tree: HostTree) {
        let nodes = tree.names(in: "/dev").filter { $0.hasPrefix("nvidia") }
        gpuNodes = nodes.count { Int($0.dropFirst("nvidia".count)) != nil }
        let version = tree.text("/sys/module/nvidia/version").firstLine
        gpuDriver = version.isEmpty ? nil : version
    }

    private mutating func readDataFolder(_ folder: String) {
        let tree = HostTree(root: "/")
        dataFolder = folder
        var place = folder
        if isGateway {
            dataFolderFault = tree.writeTrial(in: folder).map { String(cString: strerror($0)) }
        } else {
            // Before the gateway's first start it is not there, but its file system is.
            while tree.fileSystem(ofFolder: place) == nil, let slash = place.lastIndex(of: "/") {
                place = String(place[..<slash])
            }
        }
        guard let status = tree.fileSystem(ofFolder: place) else { return }
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
