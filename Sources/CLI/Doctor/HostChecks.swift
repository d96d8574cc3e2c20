package import GatewayAPI

/// Judges what was read of a host.
package enum HostChecks {
    /// A layer of requirements with a large framework has this much.
    package static let diskFreeBytesWarning: Int64 = 5 << 30
    /// Below this not even the examples can be deployed.
    package static let diskFreeBytesMin: Int64 = 512 << 20
    /// The controllers that limits are made with.
    private static let controllersNeeded = ["cpu", "memory", "pids"]

    package static func all(_ facts: HostFacts) -> [NodeCheck] {
        [
            user(facts), runtime(facts), cgroups(facts), seccomp(facts), python(facts),
            gpus(facts), disk(facts),
        ]
    }

    private static func user(_ facts: HostFacts) -> NodeCheck {
        facts.isRoot
            ? NodeCheck(name: "user", state: .ok, message: "root")
            : NodeCheck(
                name: "user",
                state: .warning,
                message: "not root, so sandboxes cannot be made by this user",
                advice: "start the gateway by gateway/run, which calls sudo itself"
            )
    }

    private static func runtime(_ facts: HostFacts) -> NodeCheck {
        let found = facts.runtimes.map { "\($0.name) \($0.version) at \($0.path)" }
        let message = found.joined(separator: ", ")
        let install = "apt-get install runc"
        guard !facts.runtimes.isEmpty else {
            return NodeCheck(
                name: "OCI runtime",
                state: .failed,
                message: "neither runc nor crun is installed",
                advice: install
            )
        }
        // crun takes a host with both versions mounted for a fault.
        if facts.cgroupLayout == .hybrid, !facts.runtimes.contains(where: { $0.name == "runc" }) {
            return NodeCheck(
                name: "OCI runtime",
                state: .failed,
                message: "\(message), which refuses a hybrid cgroup layout",
                advice: install
            )
        }
        return NodeCheck(name: "OCI runtime", state: .ok, message: message)
    }

    private static func cgroups(_ facts: HostFacts) -> NodeCheck {
        let layout = facts.cgroupLayout.rawValue
        let missing = controllersNeeded.filter { !facts.cgroupControllers.contains($0) }
        if facts.cgroupLayout == .absent {
            return NodeCheck(
                name: "cgroups",
                state: .failed,
                message: "no control groups are mounted",
                advice: "mount -t cgroup2 none /sys/fs/cgroup"
            )
        }
        if !missing.isEmpty {
            return NodeCheck(
                name: "cgroups",
                state: .failed,
                message: "\(layout), without \(missing.joined(separator: ", "))",
                advice: "enable these controllers on the kernel's command line"
            )
        }
        if facts.isRoot, !facts.isCgroupWritable {
            return NodeCheck(
                name: "cgroups",
                state: .failed,
                message: "\(layout), mounted read-only",
                advice: "mount /sys/fs/cgroup writable; in a container, run it privileged"
            )
        }
        return NodeCheck(
            name: "cgroups",
            state: .ok,
            message: "\(layout) with \(controllersNeeded.joined(separator: ", "))"
        )
    }

    private static func seccomp(_ facts: HostFacts) -> NodeCheck {
        facts.hasSeccomp
            ? NodeCheck(name: "seccomp", state: .ok, message: "the kernel filters system calls")
            : NodeCheck(
                name: "seccomp",
                state: .failed,
                message: "the kernel has no seccomp",
                advice: "use a kernel with CONFIG_SECCOMP_FILTER"
            )
    }

    private static func python(_ facts: HostFacts) -> NodeCheck {
        guard let python = facts.python else {
            return NodeCheck(
                name: "python",
                state: .failed,
                message: "/usr/bin/python3 is missing",
                advice: "apt-get install python3 python3-venv"
            )
        }
        guard facts.canMakeVenv else {
            return NodeCheck(
                name: "python",
                state: .failed,
                message: "\(python.version) at \(python.path), where `-m venv` lacks its pip",
                advice: "apt-get install python3-venv"
            )
        }
        return NodeCheck(
            name: "python",
            state: .ok,
            message: "\(python.version) at \(python.path)"
        )
    }

    private static func gpus(_ facts: HostFacts) -> NodeCheck {
        switch (facts.gpuNodes.count, facts.gpuDriver) {
        case (0, nil):
            NodeCheck(name: "GPU", state: .ok, message: "none; functions run on the CPU")
        case (0, let driver?):
            NodeCheck(
                name: "GPU",
                state: .warning,
                message: "driver \(driver), but no device nodes",
                advice: "run nvidia-smi once as root, which makes them"
            )
        case (let count, let driver):
            NodeCheck(
                name: "GPU",
                state: .ok,
                message: "\(count) NVIDIA, driver \(driver ?? "of unknown version")"
            )
        }
    }

    private static func disk(_ facts: HostFacts) -> NodeCheck {
        guard let bytes = facts.diskFreeBytes else {
            return NodeCheck(
                name: "disk",
                state: .warning,
                message: "the file system of \(facts.dataFolder) could not be asked"
            )
        }
        let message = "\(Units.size(bytes: bytes)) free for \(facts.dataFolder)"
        let state: NodeCheck.State =
            bytes < diskFreeBytesMin ? .failed : (bytes < diskFreeBytesWarning ? .warning : .ok)
        return NodeCheck(
            name: "disk",
            state: state,
            message: message,
            advice: state == .ok
                ? nil : "free some space, or set FAAS_DATA to a folder on a larger disk"
        )
    }
}
