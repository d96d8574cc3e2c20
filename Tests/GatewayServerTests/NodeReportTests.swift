import Devices
import GatewayAPI
import GatewayServer
import Glibc
import NIOPosix
import Testing

struct NodeReportTests {
    private static let version2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
    private static let version1 = """
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd

        """
    private let none = Inventory(absence: DevicesError(.libraryMissing, "no driver"))

    @Test func `this host is described`() async throws {
        let inspector = NodeInspector(version: "1.2.3", dataFolder: "/tmp")
        let report = try await inspector.report(
            on: .singleton,
            inventory: none
        ) { _ in 0 }

        #expect(report.version == "1.2.3")
        #expect(report.python?.version.hasPrefix("3.") == true)
        #expect(report.cgroupLayout != .absent)
        #expect(report.diskFreeBytes > 0)
        #expect(report.seccomp)
        #expect(report.uptimeSeconds == 0)
        #expect(report.checks.first { $0.name == "kernel" }?.state == .ok)
        #expect(report.checks.first { $0.name == "data folder" }?.state == .ok)
    }

    @Test func `a host with all that functions need has nothing to be done`() async throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: Self.version2)

        let report = host.inspector.report(inventory: none) { _ in 0 }

        #expect(report.runtime?.version == "1.1.5+ds1")
        #expect(report.runtime?.path == "/usr/sbin/runc")
        #expect(report.cgroupLayout == .v2)
        let faults = report.checks.filter { $0.state != .ok }.map(\.name)
        #expect(Set(faults).isSubset(of: geteuid() == 0 ? ["disk"] : ["disk", "user"]))
    }

    @Test func `an empty host fails each check with advice`() async throws {
        let host = try StandInHost()
        defer { host.remove() }
        var inspector = host.inspector
        inspector.dataFolder = "\(host.root)/missing"

        let report = inspector.report(inventory: none) { _ in 0 }

        let failed = report.checks.filter { $0.state == .failed }
        #expect(
            Set(failed.map(\.name)).subtracting(["user"])
                == ["OCI runtime", "cgroups", "seccomp", "python", "data folder"]
        )
        #expect(failed.allSatisfy { $0.advice != nil })
        #expect(report.runtime == nil)
        #expect(report.python == nil)
        #expect(report.diskFreeBytes == 0)
    }

    @Test(arguments: [
        (version2, CgroupLayout.v2), (version1, .v1), (version1 + version2, .hybrid),
        ("20 1 0:1 / / rw - ext4 /dev/sda rw\n", .absent),
    ])
    func `the layout of control groups is told from the mounts`(
        mounts: String,
        layout: CgroupLayout
    ) throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: mounts)
        let report = host.inspector.report(inventory: none) { _ in 0 }
        #expect(report.cgroupLayout == layout)
        let check = try #require(report.checks.first { $0.name == "cgroups" })
        #expect(check.state == (layout == .absent ? .failed : .ok))
    }

    @Test func `a missing controller is named`() throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: Self.version2, controllers: "cpu io\n")
        let report = host.inspector.report(inventory: none) { _ in 0 }
        let check = try #require(report.checks.first { $0.name == "cgroups" })
        #expect(check.state == .failed)
        #expect(check.message == "v2, without memory, pids")
    }

    @Test func `crun does not do on a hybrid host`() throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: Self.version1 + Self.version2, runtime: "crun")
        let report = host.inspector.report(inventory: none) { _ in 0 }
        let check = try #require(report.checks.first { $0.name == "OCI runtime" })
        #expect(report.runtime?.name == "crun")
        #expect(check.state == .failed)
        #expect(check.advice == "apt-get install runc")
    }

    @Test func `a program that says nothing has no known version`() throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: Self.version2)
        try host.writeProgram("exit 1", to: "/usr/sbin/runc")
        let report = host.inspector.report(inventory: none) { _ in 0 }
        #expect(report.runtime?.version == "unknown")
    }

    @Test func `an old interpreter is refused`() throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: Self.version2)
        try host.writeProgram("echo Python 3.7.3", to: "/usr/bin/python3")
        let report = host.inspector.report(inventory: none) { _ in 0 }
        #expect(report.checks.first { $0.name == "python" }?.state == .failed)
    }

    @Test func `an interpreter that can make no environment is refused`() throws {
        let host = try StandInHost()
        defer { host.remove() }
        try host.prepare(mountinfo: Self.version2)
        try host.writeProgram(
            #"[ "$1" = --version ] && echo Python 3.11.2"#,
            to: "/usr/bin/python3"
        )
        let report = host.inspector.report(inventory: none) { _ in 0 }
        let check = try #require(report.checks.first { $0.name == "python" })
        #expect(check.state == .failed)
        #expect(check.advice == "apt-get install python3-venv")
    }
}
