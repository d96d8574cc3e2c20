package import GatewayAPI

/// What a host says of itself, as it was read.
package struct HostFacts: Sendable {
    package var isRoot: Bool
    /// runc and crun, as far as they are installed.
    package var runtimes: [NodeReport.Program]
    package var python: NodeReport.Program?
    package var cgroupLayout: CgroupLayout
    /// Names of the controllers that the kernel offers.
    package var cgroupControllers: Set<String>
    package var isCgroupWritable: Bool
    package var hasSeccomp: Bool
    package var hasOverlay: Bool
    /// Device nodes of NVIDIA GPUs, such as `/dev/nvidia0`.
    package var gpuNodes: [String]
    /// Of the NVIDIA kernel module; nil when it is not loaded.
    package var gpuDriver: String?
    package var dataFolder: String
    /// Nil when the file system could not be asked.
    package var diskFreeBytes: Int64?

    package init(
        isRoot: Bool,
        runtimes: [NodeReport.Program],
        python: NodeReport.Program?,
        cgroupLayout: CgroupLayout,
        cgroupControllers: Set<String>,
        isCgroupWritable: Bool,
        hasSeccomp: Bool,
        hasOverlay: Bool,
        gpuNodes: [String],
        gpuDriver: String?,
        dataFolder: String,
        diskFreeBytes: Int64?
    ) {
        self.isRoot = isRoot
        self.runtimes = runtimes
        self.python = python
        self.cgroupLayout = cgroupLayout
        self.cgroupControllers = cgroupControllers
        self.isCgroupWritable = isCgroupWritable
        self.hasSeccomp = hasSeccomp
        self.hasOverlay = hasOverlay
        self.gpuNodes = gpuNodes
        self.gpuDriver = gpuDriver
        self.dataFolder = dataFolder
        self.diskFreeBytes = diskFreeBytes
    }
}
