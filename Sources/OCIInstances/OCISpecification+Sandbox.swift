import Functions
package import Instances

extension OCISpecification {
    /// Where things lie inside a sandbox.
    enum Place {
        static let function = "/function"
        static let runtime = "/runtime"
        static let runtimeLayer = "/runtime-layer"
        static func layer(_ index: Int) -> String { "/layers/\(index)" }
        /// More layers than a revision may have: what its requirements and its image bring.
        static let layerCountMax = 4
    }

    /// The container of a revision: its handler's files, the runtime, and no way out.
    package static func sandbox(
        _ plan: SandboxPlan,
        id: String,
        user: Int,
        cgroup: String,
        configuration: OCIConfiguration
    ) -> OCISpecification {
        let limits = plan.revision.manifest.limits
        var mounts = HostImage.mounts(
            hasNetwork: false,
            temporaryMiB: configuration.temporaryMiBMax
        )
        mounts.append(HostImage.readOnly(plan.bundle, at: Place.function))
        mounts.append(HostImage.readOnly(configuration.runtimeFolder, at: Place.runtime))
        mounts.append(HostImage.readOnly(configuration.runtimeLayer, at: Place.runtimeLayer))
        for (index, layer) in plan.layers.enumerated() {
            mounts.append(HostImage.readOnly(layer, at: Place.layer(index)))
        }
        if let weights = plan.weights, let model = plan.revision.manifest.model {
            mounts += HostImage.model(weights, at: model)
        }
        for mount in plan.devices.mounts {
            mounts.append(HostImage.readOnly(mount.source, at: mount.destination))
        }
        let env = [
            "PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1", "FAAS_RUNTIME_LAYER": Place.runtimeLayer,
        ].merging(plan.devices.env) { _, device in device }
        let process = Process(
            user: User(uid: user, gid: user, additionalGids: plan.devices.groups),
            args: [
                configuration.python, "-I", "-S", "-X", "frozen_modules=on",
                "\(Place.runtime)/faas_runtime/__main__.py",
            ],
            env: env.map { "\($0.key)=\($0.value)" }.sorted(),
            rlimits: [
                ResourceLimit(type: "RLIMIT_NOFILE", hard: 4096, soft: 1024),
                ResourceLimit(type: "RLIMIT_CORE", hard: 0, soft: 0),
            ]
        )
        return OCISpecification(
            process: process,
            root: Root(path: configuration.rootFolder),
            hostname: plan.revision.function.description,
            mounts: mounts,
            linux: confined(
                namespaces: ["pid", "ipc", "uts", "mount", "network"],
                cgroup: cgroup,
                limits: limits,
                nodes: plan.devices.nodes
            )
        )
    }

    /// What every container of ours has in common: limits, no devices but those named, seccomp.
    static func confined(
        namespaces: [String],
        cgroup: String,
        limits: Manifest.Limits,
        nodes: [DeviceAccess.Node] = []
    ) -> Linux {
        let nodeRules = nodes.map {
            DeviceRule(allow: true, type: "c", major: $0.major, minor: $0.minor, access: "rw")
        }
        return Linux(
            namespaces: namespaces.map(Namespace.init),
            cgroupsPath: cgroup,
            resources: Resources(
                devices: [DeviceRule(allow: false, access: "rwm")] + nodeRules,
                memory: Memory(limit: limits.memoryMiB << 20),
                cpu: CPU(quota: limits.cpuMillis * 100, period: 100_000),
                pids: Pids(limit: limits.processes)
            ),
            devices: nodes.map {
                DeviceNode(path: $0.path, major: $0.major, minor: $0.minor)
            },
            seccomp: SeccompProfile.specification(),
            maskedPaths: [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
                "/proc/interrupts", "/proc/kallsyms",
            ],
            readonlyPaths: [
                "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
            ]
        )
    }
}
