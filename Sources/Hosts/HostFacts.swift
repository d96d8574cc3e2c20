package import GatewayAPI

/// What a host says of itself, as it was read; judged by `HostChecks`.
package struct HostFacts: Sendable, Hashable {
    /// Controllers that limits are made with.
    package static let controllersNeeded = ["cpu", "memory", "pids"]
    /// The interpreter that sandboxes use.
    package static let pythonPath = "/usr/bin/python3"

    /// Whether the gateway itself read this: it needs root and its data folder, where another
    /// program may have neither and the host be fit.
    package var isGateway = false
    package var isRoot = false
    /// As `6.1.0-18-amd64`; empty if the kernel does not say.
    package var kernel = ""
    /// The one that the gateway uses, or else runc and crun as far as they are installed.
    package var runtimes: [NodeReport.Program] = []
    package var python: NodeReport.Program?
    /// Whether `python3 -m venv` has what it needs: requirements are installed by the pip in one.
    package var canMakeVenv = false
    package var cgroupLayout = CgroupLayout.absent
    /// Of those that limits are made with, the ones that are there.
    package var cgroupControllers: Set<String> = []
    package var isCgroupWritable = false
    package var hasSeccomp = false
    /// What the kernel can do with a system call, as `errno`; empty before Linux 4.14.
    package var seccompActions: Set<String> = []
    /// Device nodes of NVIDIA GPUs, such as `/dev/nvidia0`.
    package var gpuNodes = 0
    /// Of the NVIDIA kernel module; nil when it is not loaded.
    package var gpuDriver: String?
    package var dataFolder = ""
    /// Why the gateway can make no file in its data folder; nil when it can.
    package var dataFolderFault: String?
    /// The data folder's file system forbids programs and libraries.
    package var isDataFolderNoExec = false
    /// Nil when the file system cannot be asked.
    package var diskFreeBytes: Int64?

    package init() {}
}
