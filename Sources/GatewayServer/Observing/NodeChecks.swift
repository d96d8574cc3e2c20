package import Devices
package import GatewayAPI

/// Judges what was read of a host: can it serve functions, and what is to be done if not.
package enum NodeChecks {
    /// Below this no layer of requirements with a large framework fits.
    package static let diskFreeBytesWarning: Int64 = 5 << 30
    /// Below this not even a small function can be deployed.
    package static let diskFreeBytesMin: Int64 = 512 << 20
    /// The oldest kernel with all that instances are watched with: a pidfd of any process.
    static let kernelMin = (major: 5, minor: 3)
    /// The oldest Python that the runtime runs under.
    static let pythonMin = (major: 3, minor: 11)

    package static func all(_ facts: NodeFacts, _ inventory: Inventory) -> [NodeCheck] {
        [
            user(facts), kernel(facts), runtime(facts), cgroups(facts), seccomp(facts),
            python(facts), dataFolder(facts), disk(facts),
        ] + gpus(inventory)
    }

    private static func user(_ facts: NodeFacts) -> NodeCheck {
        facts.isRoot
            ? NodeCheck(name: "user", state: .ok, message: "root")
            : NodeCheck(
                name: "user",
                state: .failed,
                message: "not root, so no sandbox can be made",
                advice: "start the gateway by gateway/run, which calls sudo itself"
            )
    }

    private static func kernel(_ facts: NodeFacts) -> NodeCheck {
        guard let kernel = facts.kernel else {
            return NodeCheck(
                name: "kernel",
                state: .warning,
                message: "/proc tells no version",
                advice: "mount -t proc proc /proc"
            )
        }
        guard version(kernel, isAtLeast: kernelMin) else {
            return NodeCheck(
                name: "kernel",
                state: .failed,
                message: "Linux \(kernel)",
                advice: "use Linux \(kernelMin.major).\(kernelMin.minor) or newer"
            )
        }
        return NodeCheck(name: "kernel", state: .ok, message: "Linux \(kernel)")
    }

    private static func runtime(_ facts: NodeFacts) -> NodeCheck {
        guard let runtime = facts.runtime else {
            return NodeCheck(
                name: "OCI runtime",
                state: .failed,
                message: "neither runc nor crun was found",
                advice: "apt-get install runc"
            )
        }
        let message = "\(runtime.name) \(runtime.version) at \(runtime.path)"
        // crun takes a host with both versions of cgroups mounted for a fault.
        if runtime.name == "crun", facts.cgroupLayout == .hybrid {
            return NodeCheck(
                name: "OCI runtime",
                state: .failed,
                message: "\(message), which refuses a hybrid cgroup layout",
                advice: "apt-get install runc"
            )
        }
        return NodeCheck(name: "OCI runtime", state: .ok, message: message)
    }

    private static func cgroups(_ facts: NodeFacts) -> NodeCheck {
        let layout = facts.cgroupLayout.rawValue
        let missing = NodeFacts.controllersNeeded.filter { !facts.cgroupControllers.contains($0) }
        if facts.cgroupLayout == .absent {
            return NodeCheck(
                name: "cgroups",
                state: .failed,
                message: "no control groups are mounted",
                advice: "mount -t cgroup2 none /sys/fs/cgroup"
            )
        }
        guard missing.isEmpty else {
            return NodeCheck(
                name: "cgroups",
                state: .failed,
                message: "\(layout), without \(missing.joined(separator: ", "))",
                advice: "enable these controllers on the kernel's command line"
            )
        }
        guard facts.isCgroupWritable else {
            return NodeCheck(
                name: "cgroups",
                state: .failed,
                message: "\(layout), which we may not write to",
                advice: "run as root; in a container, run it privileged with its own cgroups"
            )
        }
        let controllers = NodeFacts.controllersNeeded.joined(separator: ", ")
        return NodeCheck(name: "cgroups", state: .ok, message: "\(layout) with \(controllers)")
    }

    private static func seccomp(_ facts: NodeFacts) -> NodeCheck {
        guard facts.hasSeccomp else {
            return NodeCheck(
                name: "seccomp",
                state: .failed,
                message: "the kernel has no seccomp",
                advice: "use a kernel with CONFIG_SECCOMP_FILTER"
            )
        }
        guard facts.seccompActions.isEmpty || facts.seccompActions.contains("errno") else {
            return NodeCheck(
                name: "seccomp",
                state: .failed,
                message: "the kernel cannot answer a forbidden call with an error",
                advice: "use a kernel with CONFIG_SECCOMP_FILTER"
            )
        }
        return NodeCheck(name: "seccomp", state: .ok, message: "the kernel filters system calls")
    }

    private static func python(_ facts: NodeFacts) -> NodeCheck {
        guard let python = facts.python else {
            return NodeCheck(
                name: "python",
                state: .failed,
                message: "no interpreter was found",
                advice: "apt-get install python3 python3-venv"
            )
        }
        guard version(python.version, isAtLeast: pythonMin) else {
            return NodeCheck(
                name: "python",
                state: .failed,
                message: "\(python.version) at \(python.path)",
                advice: "install Python \(pythonMin.major).\(pythonMin.minor) or newer"
            )
        }
        return NodeCheck(
            name: "python",
            state: .ok,
            message: "\(python.version) at \(python.path)"
        )
    }

    /// Whether a version such as `6.1.0-18-amd64` is new enough; one without numbers is not.
    private static func version(_ text: String, isAtLeast min: (major: Int, minor: Int)) -> Bool {
        let numbers = text.split(separator: ".").prefix(2).map { part in
            Int(part.prefix { ("0"..."9").contains($0) }) ?? -1
        }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (min.major, min.minor)
    }
}
