import CLinux
import Functions
import Glibc
import Instances

/// What a sandbox has on the host: a folder, a cgroup, the OCI runtime's state, the first process.
struct SandboxPlace: Sendable {
    let id: String
    let revision: Revision
    let folder: String
    /// The cgroup of the sandbox, which holds the zygote's and the instances'.
    let group: String
    let zygotePID: pid_t
    let zygotePIDDescriptor: CInt
    /// Whether instances are forked from a loaded zygote; otherwise there is one, which loads by
    /// itself.
    let forks: Bool
    /// What the zygote's process has printed past its own capture; cannot grow.
    let bootLog: BootLog

    var zygoteGroup: String { "\(group)/zygote" }
    var memoryMiB: Int { revision.manifest.limits.memoryMiB }
    /// The largest frame body that an instance may send.
    var payloadBytesMax: Int { revision.manifest.limits.payloadBytes + 64 << 10 }

    var limits: Cgroups.Limits {
        let limits = revision.manifest.limits
        return Cgroups.Limits(
            memoryBytes: limits.memoryMiB << 20,
            processes: limits.processes,
            cpuMillis: limits.cpuMillis
        )
    }

    /// Ends all processes of the sandbox and removes its traces.
    ///
    /// Blocking.
    func remove(cgroups: Cgroups, runtime: OCIRuntime) {
        linux_pidfd_signal(zygotePIDDescriptor, SIGKILL)
        close(zygotePIDDescriptor)
        bootLog.close()
        Self.remove(id: id, folder: folder, group: group, cgroups: cgroups, runtime: runtime)
    }

    static func remove(
        id: String,
        folder: String,
        group: String,
        cgroups: Cgroups,
        runtime: OCIRuntime
    ) {
        _ = cgroups.remove(group)
        runtime.forget(id)
        Files.remove(folder)
    }
}
