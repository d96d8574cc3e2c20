import GatewayAPI
import Hosts
import Testing

@Suite struct HostChecksTests {
    @Test func `a fit host has nothing to do`() {
        let checks = HostChecks.all(fitHost)

        #expect(checks.allSatisfy { $0.state == .ok && $0.advice == nil }, "\(checks)")
    }

    @Test func `crun alone is not enough on a hybrid layout`() throws {
        var host = fitHost
        host.cgroupLayout = .hybrid
        host.runtimes[0].name = "crun"

        let check = try #require(HostChecks.all(host).first { $0.name == "OCI runtime" })

        #expect(check.state == .failed)
        #expect(check.advice == "apt-get install runc")
    }

    @Test func `what is missing is named with what to do`() throws {
        var host = fitHost
        host.isRoot = false
        host.runtimes = []
        host.cgroupControllers = ["cpu", "memory"]
        host.hasSeccomp = false
        host.python = nil
        host.diskFreeBytes = 1 << 20

        let checks = HostChecks.all(host)

        let failed = checks.filter { $0.state == .failed }
        #expect(failed.map(\.name) == ["OCI runtime", "cgroups", "seccomp", "python", "disk"])
        #expect(checks.filter { $0.state != .ok }.allSatisfy { $0.advice != nil })
        #expect(failed[1].message == "v2, without pids")
    }

    @Test func `a Python that can make no environment is named`() throws {
        var host = fitHost
        host.canMakeVenv = false

        let check = try #require(HostChecks.all(host).first { $0.name == "python" })

        #expect(check.state == .failed)
        #expect(check.message == "3.11.2 at /usr/bin/python3, where `-m venv` lacks its pip")
        #expect(check.advice == "apt-get install python3-venv")
    }

    @Test func `whether Python can make an environment is asked of it`() {
        #expect(HostFacts.read(dataFolder: "/").canMakeVenv)
        #expect(!HostFacts.read(dataFolder: "/", python: "/usr/bin/false").canMakeVenv)
        #expect(!HostFacts.read(dataFolder: "/", python: "/nowhere/python3").canMakeVenv)
    }

    @Test func `nothing is asked for that sandboxes do not use`() {
        #expect(!HostChecks.all(fitHost).contains { $0.name.contains("overlay") })
    }

    @Test func `who is not root is sent to what calls sudo itself`() throws {
        var host = fitHost
        host.isRoot = false

        let check = try #require(HostChecks.all(host).first { $0.name == "user" })

        #expect(check.advice == "start the gateway by gateway/run, which calls sudo itself")
    }

    @Test(arguments: [
        ("30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw", CgroupLayout.v2),
        ("31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", .v1),
        (
            """
            31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
            32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
            """, .hybrid
        ),
        ("22 1 8:1 / / rw - ext4 /dev/sda1 rw", .absent), ("", .absent),
    ])
    func `the layout is told from the mounts`(mountinfo: String, layout: CgroupLayout) {
        #expect(CgroupMounts(mountinfo: mountinfo).layout == layout)
    }

    @Test func `what only the gateway needs fails for the gateway alone`() {
        var host = fitHost
        host.isRoot = false
        host.isCgroupWritable = false
        host.dataFolderFault = "Permission denied"
        let failed = { HostChecks.all(host).filter { $0.state == .failed }.map(\.name) }

        #expect(failed() == [])

        host.isGateway = true
        #expect(failed() == ["user", "cgroups", "data folder"])
    }

    @Test func `a driver without device nodes is told how to get them`() {
        var host = fitHost
        host.gpuDriver = "580.159.04"
        let gpu = { HostChecks.all(host).first { $0.name == "GPU" } }

        #expect(gpu()?.state == .warning)
        #expect(gpu()?.advice == "run nvidia-smi once as root, which makes them")

        host.gpuNodes = 2
        #expect(gpu()?.state == .ok)
        #expect(gpu()?.message == "2 NVIDIA, driver 580.159.04")
    }

    @Test func `a data folder that is not there yet has its file system's space`() {
        let missing = "/nowhere/faas"

        #expect(HostFacts.read(dataFolder: missing).diskFreeBytes != nil)
        #expect(HostFacts.read(dataFolder: missing, isGateway: true).diskFreeBytes == nil)
    }

    private var fitHost: HostFacts {
        var facts = HostFacts()
        facts.isRoot = true
        facts.kernel = "6.1.0-18-amd64"
        facts.runtimes = [.init(name: "runc", version: "1.1.5", path: "/usr/sbin/runc")]
        facts.python = .init(name: "python3", version: "3.11.2", path: "/usr/bin/python3")
        facts.canMakeVenv = true
        facts.cgroupLayout = .v2
        facts.cgroupControllers = ["cpu", "memory", "pids"]
        facts.isCgroupWritable = true
        facts.hasSeccomp = true
        facts.dataFolder = "/var/lib/faas"
        facts.diskFreeBytes = 1 << 40
        return facts
    }
}
