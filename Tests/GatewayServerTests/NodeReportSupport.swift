import GatewayServer
import Glibc
import TestSupport
import Testing

/// A folder that looks like the root of a host.
struct StandInHost {
    let root: String

    init() throws {
        var template = Array("/tmp/stand-in-host-XXXXXX".utf8CString)
        root = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    var inspector: NodeInspector {
        var inspector = NodeInspector(version: "1", dataFolder: root)
        inspector.root = root
        return inspector
    }

    /// All that functions need.
    func prepare(
        mountinfo: String,
        controllers: String = "cpuset cpu io memory pids\n",
        runtime: String = "runc"
    ) throws {
        try write("6.1.0-18-amd64\n", to: "/proc/sys/kernel/osrelease")
        try write(mountinfo, to: "/proc/self/mountinfo")
        try write("Name:\tx\nSeccomp:\t0\n", to: "/proc/self/status")
        try write("kill_process errno allow\n", to: "/proc/sys/kernel/seccomp/actions_avail")
        try write(controllers, to: "/sys/fs/cgroup/cgroup.controllers")
        for controller in ["cpu", "memory", "pids"] {
            try write("", to: "/sys/fs/cgroup/\(controller)/cgroup.procs")
        }
        try writeProgram(
            "echo \(runtime) version 1.1.5+ds1; echo spec: 1.0.2",
            to: "/usr/sbin/\(runtime)"
        )
        try writeProgram("echo Python 3.11.2", to: "/usr/bin/python3")
    }

    func write(_ text: String, to path: String) throws {
        makeFolder(of: path)
        let file = try #require(fopen(root + path, "w"))
        fputs(text, file)
        fclose(file)
    }

    func writeProgram(_ text: String, to path: String) throws {
        makeFolder(of: path)
        try writeShellProgram(text, to: root + path)
    }

    private func makeFolder(of path: String) {
        var folder = root
        for name in path.split(separator: "/").dropLast() {
            folder += "/\(name)"
            mkdir(folder, 0o755)
        }
    }

    func remove() { Self.remove(root) }

    private static func remove(_ path: String) {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(stream)
        }
        Glibc.remove(path)
    }
}
