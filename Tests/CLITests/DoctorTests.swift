import CLI
import GatewayAPI
import Testing

@Suite struct DoctorTests {
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
        #expect(HostFacts.read(environment: [:]).canMakeVenv)
        #expect(!HostFacts.read(environment: [:], python: "/usr/bin/false").canMakeVenv)
        #expect(!HostFacts.read(environment: [:], python: "/nowhere/python3").canMakeVenv)
    }

    @Test func `nothing is asked for that sandboxes do not use`() throws {
        let help = try CommandRun("doctor", "--help")

        #expect(!help.output.contains("overlay"))
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
        #expect(CgroupMounts.layout(mountinfo: mountinfo) == layout)
    }

    @Test func `this host can be looked at, beside a gateway`() throws {
        let run = try CommandRun(
            "doctor",
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        )

        #expect(run.output.contains("This host\n"))
        #expect(run.output.contains("python"))
        #expect(run.output.contains("up 1 min 5 s\n"))
        #expect(run.output.contains("writes in 40 us\n"))
    }

    @Test func `a gateway that does not run yet is a warning`() throws {
        let run = try CommandRun("doctor", "-o", "json", url: "http://127.0.0.1:1")

        #expect(run.output.contains("gateway not reachable at http://127.0.0.1:1"))
        #expect(run.output.contains("start it with `gateway/run`"))
    }

    private var fitHost: HostFacts {
        HostFacts(
            isRoot: true,
            runtimes: [NodeReport.Program(name: "runc", version: "1.1.5", path: "/usr/sbin/runc")],
            python: NodeReport.Program(
                name: "python3",
                version: "3.11.2",
                path: "/usr/bin/python3"
            ),
            canMakeVenv: true,
            cgroupLayout: .v2,
            cgroupControllers: ["cpu", "memory", "pids"],
            isCgroupWritable: true,
            hasSeccomp: true,
            gpuNodes: [],
            gpuDriver: nil,
            dataFolder: "/var/lib/faas",
            diskFreeBytes: 1 << 40
        )
    }
}
