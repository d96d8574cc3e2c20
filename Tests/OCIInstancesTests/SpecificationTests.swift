import Functions
import Instances
import OCIInstances
import RuntimeProtocol
import Testing

@Suite struct SpecificationTests {
    private let configuration: OCIConfiguration
    private let plan: SandboxPlan

    init() throws {
        configuration = OCIConfiguration(
            dataFolder: "/data",
            runtimeFolder: "/opt/runtime",
            runtimeLayer: "/data/layers/r",
            ociRuntime: "/usr/sbin/runc"
        )
        var manifest = Manifest(name: "echo")
        manifest.limits.memoryMiB = 96
        manifest.limits.cpuMillis = 500
        manifest.limits.processes = 17
        plan = SandboxPlan(
            revision: try Samples.revision(manifest),
            bundle: "/data/bundles/b",
            layers: ["/data/layers/one", "/data/layers/two"],
            loadMillisMax: 1000
        )
    }

    private func specification(_ plan: SandboxPlan? = nil) throws -> JSON {
        try JSON(
            encoding: OCISpecification.sandbox(
                plan ?? self.plan,
                id: "echo-1-1",
                user: 200_001,
                cgroup: "/faas/tag/echo-1-1/zygote",
                configuration: configuration
            )
        )
    }

    @Test func `the names are those of the OCI runtime specification`() throws {
        let json = try specification()

        #expect(json["ociVersion"] == "1.0.2")
        #expect(
            json.keys == ["ociVersion", "process", "root", "hostname", "mounts", "linux"]
        )
        #expect(
            json["process"].keys == [
                "terminal", "user", "args", "env", "cwd", "capabilities", "noNewPrivileges",
                "rlimits", "oomScoreAdj",
            ]
        )
        #expect(json["process"]["user"].keys == ["uid", "gid", "additionalGids"])
        #expect(
            json["linux"].keys == [
                "namespaces", "cgroupsPath", "resources", "devices", "seccomp", "maskedPaths",
                "readonlyPaths",
            ]
        )
        #expect(json["linux"]["resources"].keys == ["devices", "memory", "cpu", "pids"])
        for mount in json["mounts"].array {
            #expect(mount.keys == ["destination", "type", "source", "options"])
        }
    }

    @Test func `a sandbox has no capability and gets none`() throws {
        let process = try specification()["process"]

        for set in ["bounding", "effective", "inheritable", "permitted", "ambient"] {
            #expect(process["capabilities"][set].value == .array([]), "\(set)")
        }
        #expect(process["noNewPrivileges"] == true)
        #expect(process["terminal"] == false)
    }

    @Test func `a sandbox runs as its own unprivileged user`() throws {
        let user = try specification()["process"]["user"]

        #expect(user["uid"] == 200_001)
        #expect(user["gid"] == 200_001)
        #expect(user["additionalGids"].value == .array([]))
    }

    @Test func `a sandbox's root is read-only`() throws {
        let root = try specification()["root"]

        #expect(root["path"] == .init(stringLiteral: configuration.rootFolder))
        #expect(root["readonly"] == true)
    }

    @Test func `a sandbox shares no namespace with the host, the network's included`() throws {
        let namespaces = try specification()["linux"]["namespaces"].array

        #expect(
            Set(namespaces.compactMap { $0["type"].string })
                .isSuperset(of: ["pid", "ipc", "uts", "mount", "network"])
        )
        // A path would join the namespace of another process.
        #expect(namespaces.allSatisfy { $0.keys == ["type"] })
    }

    @Test func `every bind mount is read-only, without devices and set-user programs`() throws {
        for mount in try specification()["mounts"].array where mount["type"] == "bind" {
            let options = Set(mount["options"].strings)

            #expect(options.isSuperset(of: ["ro", "nosuid", "nodev", "rprivate"]), "\(mount)")
            #expect(options.isDisjoint(with: ["rw", "rshared", "shared", "exec", "suid", "dev"]))
        }
    }

    @Test func `of the host a sandbox sees its programs, named files and what the plan says`()
        throws
    {
        let mounts = try specification()["mounts"].array.filter { $0["type"] == "bind" }
        let etc = [
            "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime",
            "nsswitch.conf", "mime.types", "fonts",
        ]
        let allowed =
            ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]
            + ["/sys/devices/system/cpu", "/data/bundles/b", "/opt/runtime", "/data/layers/r"]
            + ["/data/layers/one", "/data/layers/two"] + etc.map { "/etc/\($0)" }

        let sources = mounts.compactMap(\.["source"].string)
        #expect(Set(sources).isSubset(of: allowed), "\(sources)")
        #expect(Set(sources).isSuperset(of: ["/usr", "/data/bundles/b", "/opt/runtime"]))
    }

    @Test func `the handler and its layers lie where the load frame says`() throws {
        let places = Dictionary(
            try specification()["mounts"].array.compactMap { mount in
                mount["source"].string.flatMap { source in
                    mount["destination"].string.map { (source, $0) }
                }
            }
        ) { first, _ in first }

        #expect(places["/data/bundles/b"] == "/function")
        #expect(places["/opt/runtime"] == "/runtime")
        #expect(places["/data/layers/r"] == "/runtime-layer")
        #expect(places["/data/layers/one"] == "/layers/0")
        #expect(places["/data/layers/two"] == "/layers/1")
    }

    @Test func `what can be written to is bounded`() throws {
        let mounts = try specification()["mounts"].array.filter { $0["type"] == "tmpfs" }
        let sizes = Dictionary(
            mounts.map { mount in
                (
                    mount["destination"].string ?? "",
                    mount["options"].strings.first { $0.hasPrefix("size=") } ?? "unbounded"
                )
            }
        ) { first, _ in first }

        #expect(sizes == ["/tmp": "size=64m", "/dev/shm": "size=64m", "/dev": "size=64k"])
        #expect(mounts.allSatisfy { $0["options"].strings.contains("nosuid") })
    }

    @Test func `the kernel's own files are masked or read-only`() throws {
        let linux = try specification()["linux"]

        #expect(
            Set(linux["maskedPaths"].strings).isSuperset(of: [
                "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kallsyms",
            ])
        )
        #expect(
            Set(linux["readonlyPaths"].strings).isSuperset(of: [
                "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
            ])
        )
        let proc = try specification()["mounts"].array.first { $0["destination"] == "/proc" }
        #expect(proc?["type"] == "proc")
    }

    @Test func `the limits are the manifest's`() throws {
        let linux = try specification()["linux"]
        let resources = linux["resources"]

        #expect(linux["cgroupsPath"] == "/faas/tag/echo-1-1/zygote")
        #expect(resources["memory"]["limit"] == .integer(96 << 20))
        #expect(resources["cpu"]["quota"] == 50_000)
        #expect(resources["cpu"]["period"] == 100_000)
        #expect(resources["pids"]["limit"] == 17)
    }

    @Test func `without a GPU no device is allowed`() throws {
        let linux = try specification()["linux"]
        let rules = linux["resources"]["devices"].array

        #expect(linux["devices"].value == .array([]))
        #expect(rules.count == 1)
        #expect(rules.first?["allow"] == false)
        #expect(rules.first?["access"] == "rwm")
    }

    @Test func `with a GPU its nodes are allowed, one by one, and its libraries read-only`() throws
    {
        var plan = plan
        plan.devices.nodes = [.init(path: "/dev/nvidia0", major: 195, minor: 0)]
        plan.devices.mounts = [.init(source: "/usr/lib/libcuda.so.1", destination: "/gpu/cuda.so")]
        plan.devices.env = ["CUDA_VISIBLE_DEVICES": "GPU-1"]
        plan.devices.groups = [44]

        let json = try specification(plan)

        let rules = json["linux"]["resources"]["devices"].array
        #expect(rules.map { $0["allow"] } == [false, true])
        #expect(rules[1]["major"] == 195)
        #expect(rules[1]["minor"] == 0)
        #expect(rules[1]["access"] == "rw")
        #expect(json["linux"]["devices"].array.map { $0["path"] } == ["/dev/nvidia0"])
        #expect(json["process"]["env"].strings.contains("CUDA_VISIBLE_DEVICES=GPU-1"))
        #expect(json["process"]["user"]["additionalGids"].value == .array([.integer(44)]))
        let mount = json["mounts"].array.first { $0["destination"] == "/gpu/cuda.so" }
        #expect(mount?["options"].strings.contains("ro") == true)
    }

    @Test func `the environment is the sandbox's own`() throws {
        let env = try specification()["process"]["env"].strings

        #expect(env == env.sorted())
        #expect(Set(env.map { $0.prefix { $0 != "=" } }).count == env.count)
        #expect(env.contains("HOME=/tmp"))
        #expect(env.contains("PATH=/usr/bin:/bin"))
        #expect(!env.contains { $0.hasPrefix("FAAS_TOKEN") || $0.hasPrefix("PIP_") })
    }

    @Test func `two data folders have different control groups`() {
        var other = configuration
        other.dataFolder = "/data2"

        #expect(configuration.cgroupTag != other.cgroupTag)
        #expect(configuration.cgroupTag == configuration.cgroupTag)
        #expect(configuration.cgroupTag.wholeMatch(of: /[0-9a-z]+/) != nil)
    }
}
