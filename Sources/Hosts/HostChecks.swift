package import GatewayAPI

/// Judges what was read of a host: can it serve functions, and what is to be done if not.
package enum HostChecks {
    /// Below this no layer of requirements with a large framework fits.
    package static let diskFreeBytesWarning: Int64 = 5 << 30
    /// Below this not even a small function can be deployed.
    package static let diskFreeBytesMin: Int64 = 512 << 20
    /// The oldest kernel with all that instances are watched with: a pidfd of any process.
    static let kernelMin = (major: 5, minor: 3)
    /// The oldest Python that the runtime runs under.
    static let pythonMin = (major: 3, minor: 11)

    /// Of GPUs there is one where the gateway is not asked, which knows more by their driver.
    package static func all(_ facts: HostFacts) -> [NodeCheck] {
        let common = [
            user(facts), kernel(facts), runtime(facts), cgroups(facts), seccomp(facts),
            python(facts),
        ]
        return common + [facts.isGateway ? dataFolder(facts) : gpus(facts), disk(facts)]
    }

    private static func user(_ facts: HostFacts) -> NodeCheck {
        guard !facts.isRoot else { return .ok("user", "root") }
        let advice = "start the gateway by gateway/run, which calls sudo itself"
        return facts.isGateway
            ? .failed("user", "not root, so no sandbox can be made", advice: advice)
            : .warning("user", "not root, so sandboxes cannot be made by this user", advice: advice)
    }

    private static func kernel(_ facts: HostFacts) -> NodeCheck {
        guard !facts.kernel.isEmpty else {
            return .warning("kernel", "/proc tells no version", advice: "mount -t proc proc /proc")
        }
        guard version(facts.kernel, isAtLeast: kernelMin) else {
            let advice = "use Linux \(kernelMin.major).\(kernelMin.minor) or newer"
            return .failed("kernel", "Linux \(facts.kernel)", advice: advice)
        }
        return .ok("kernel", "Linux \(facts.kernel)")
    }

    private static func runtime(_ facts: HostFacts) -> NodeCheck {
        let install = "apt-get install runc"
        guard !facts.runtimes.isEmpty else {
            return .failed("OCI runtime", "neither runc nor crun was found", advice: install)
        }
        let message = facts.runtimes.map { "\($0.name) \($0.version) at \($0.path)" }
            .joined(separator: ", ")
        // crun takes a host with both versions of cgroups mounted for a fault.
        if facts.cgroupLayout == .hybrid, facts.runtimes.allSatisfy({ $0.name == "crun" }) {
            let refusal = "\(message), which refuses a hybrid cgroup layout"
            return .failed("OCI runtime", refusal, advice: install)
        }
        return .ok("OCI runtime", message)
    }

    private static func cgroups(_ facts: HostFacts) -> NodeCheck {
        let layout = facts.cgroupLayout.rawValue
        let needed = HostFacts.controllersNeeded
        let missing = needed.filter { !facts.cgroupControllers.contains($0) }
        if facts.cgroupLayout == .absent {
            let advice = "mount -t cgroup2 none /sys/fs/cgroup"
            return .failed("cgroups", "no control groups are mounted", advice: advice)
        }
        guard missing.isEmpty else {
            let advice = "enable these controllers on the kernel's command line"
            let message = "\(layout), without \(missing.joined(separator: ", "))"
            return .failed("cgroups", message, advice: advice)
        }
        // Another user's not being root is told by itself.
        guard facts.isCgroupWritable || !(facts.isRoot || facts.isGateway) else {
            let advice =
                "mount /sys/fs/cgroup writable; in a container, run it privileged with its own "
                + "cgroups"
            return .failed("cgroups", "\(layout), which may not be written to", advice: advice)
        }
        return .ok("cgroups", "\(layout) with \(needed.joined(separator: ", "))")
    }

    private static func seccomp(_ facts: HostFacts) -> NodeCheck {
        let advice = "use a kernel with CONFIG_SECCOMP_FILTER"
        guard facts.hasSeccomp else {
            return .failed("seccomp", "the kernel has no seccomp", advice: advice)
        }
        guard facts.seccompActions.isEmpty || facts.seccompActions.contains("errno") else {
            let message = "the kernel cannot answer a forbidden call with an error"
            return .failed("seccomp", message, advice: advice)
        }
        return .ok("seccomp", "the kernel filters system calls")
    }

    private static func python(_ facts: HostFacts) -> NodeCheck {
        guard let python = facts.python else {
            let advice = "apt-get install python3 python3-venv"
            return .failed("python", "\(HostFacts.pythonPath) is missing", advice: advice)
        }
        let message = "\(python.version) at \(python.path)"
        guard version(python.version, isAtLeast: pythonMin) else {
            let advice = "install Python \(pythonMin.major).\(pythonMin.minor) or newer"
            return .failed("python", message, advice: advice)
        }
        guard facts.canMakeVenv else {
            let lack = "\(message), where `-m venv` lacks its pip"
            return .failed("python", lack, advice: "apt-get install python3-venv")
        }
        return .ok("python", message)
    }

    private static func gpus(_ facts: HostFacts) -> NodeCheck {
        guard facts.gpuNodes == 0 else {
            let driver = facts.gpuDriver ?? "of unknown version"
            return .ok("GPU", "\(facts.gpuNodes) NVIDIA, driver \(driver)")
        }
        guard let driver = facts.gpuDriver else {
            return .ok("GPU", "none; functions run on the CPU")
        }
        let advice = "run nvidia-smi once as root, which makes them"
        return .warning("GPU", "driver \(driver), but no device nodes", advice: advice)
    }

    /// Whether a version such as `6.1.0-18-amd64` is new enough; one without numbers is not.
    private static func version(_ text: String, isAtLeast min: (major: Int, minor: Int)) -> Bool {
        let numbers = text.split(separator: ".").prefix(2).map { part in
            Int(part.prefix { ("0"..."9").contains($0) }) ?? -1
        }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (min.major, min.minor)
    }
}
