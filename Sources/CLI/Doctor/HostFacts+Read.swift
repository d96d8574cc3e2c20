import GatewayAPI
import Glibc

extension HostFacts {
    /// Reads this host; what cannot be read counts as not there.
    package static func read(
        environment: [String: String],
        python: String = "/usr/bin/python3"
    ) -> HostFacts {
        let status = FileText.read("/proc/self/status") ?? ""
        let layout = CgroupMounts.layout(mountinfo: FileText.read("/proc/self/mountinfo") ?? "")
        let dataFolder = dataFolder(environment)
        return HostFacts(
            isRoot: geteuid() == 0,
            runtimes: ["runc", "crun"].compactMap { program($0, environment) },
            python: program("python3", environment, at: python),
            canMakeVenv: canMakeVenv(python),
            cgroupLayout: layout,
            cgroupControllers: controllers(layout),
            isCgroupWritable: isCgroupWritable(layout),
            hasSeccomp: status.split(separator: "\n").contains { $0.hasPrefix("Seccomp:") },
            gpuNodes: gpuNodes(),
            gpuDriver: gpuDriver(),
            dataFolder: dataFolder,
            diskFreeBytes: freeBytes(dataFolder)
        )
    }

    /// As the gateway chooses it.
    private static func dataFolder(_ environment: [String: String]) -> String {
        if let folder = environment["FAAS_DATA"], !folder.isEmpty { return folder }
        guard geteuid() != 0, let home = environment["HOME"] else { return "/var/lib/faas" }
        return "\(home)/.local/share/faas"
    }

    private static func program(
        _ name: String,
        _ environment: [String: String],
        at path: String? = nil
    ) -> NodeReport.Program? {
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let paths =
            path.map { [$0] }
            ?? (folders + ["/usr/sbin", "/usr/bin", "/sbin"]).map { "\($0)/\(name)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { return nil }
        let output = ProgramOutput.firstLine(of: path, ["--version"]) ?? ""
        // `runc version 1.1.5+ds1`, `crun version 1.8`, `Python 3.11.2`.
        let version = output.split(separator: " ").last.map(String.init) ?? "unknown"
        return NodeReport.Program(name: name, version: version, path: path)
    }

    /// Debian has the module `venv` in one package, and the pip that it puts into an environment in
    /// another.
    private static func canMakeVenv(_ python: String) -> Bool {
        let check = "import ensurepip, venv; print(ensurepip.version())"
        return ProgramOutput.firstLine(of: python, ["-Ic", check]) != nil
    }

    private static func controllers(_ layout: CgroupLayout) -> Set<String> {
        guard layout != .v2 else {
            let text = FileText.read("/sys/fs/cgroup/cgroup.controllers") ?? ""
            return Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
        }
        var names: Set<String> = []
        for line in (FileText.read("/proc/cgroups") ?? "").split(separator: "\n") {
            // Columns: name, hierarchy, number of groups, enabled.
            let fields = line.split(separator: "\t")
            guard fields.count == 4, fields[3] == "1", fields[1] != "0" else { continue }
            names.insert(String(fields[0]))
        }
        return names
    }

    private static func isCgroupWritable(_ layout: CgroupLayout) -> Bool {
        switch layout {
        case .absent: false
        case .v2: access("/sys/fs/cgroup", W_OK) == 0
        case .v1, .hybrid: access("/sys/fs/cgroup/memory", W_OK) == 0
        }
    }

    private static func gpuNodes() -> [String] {
        // More GPUs than a host has; nodes are numbered from 0.
        (0..<64).map { "/dev/nvidia\($0)" }.filter { access($0, F_OK) == 0 }
    }

    private static func gpuDriver() -> String? {
        FileText.read("/sys/module/nvidia/version").map { String($0.prefix { $0 != "\n" }) }
    }

    /// Of the nearest folder above that exists.
    private static func freeBytes(_ folder: String) -> Int64? {
        var path = folder
        while true {
            var status = statvfs()
            if statvfs(path.isEmpty ? "/" : path, &status) == 0 {
                return Int64(status.f_bavail) * Int64(status.f_frsize)
            }
            guard let slash = path.lastIndex(of: "/") else { return nil }
            path = String(path[..<slash])
        }
    }
}
