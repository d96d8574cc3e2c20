package import GatewayAPI

/// What a host says of itself, as it was read.
package struct HostFacts: Sendable {
    package var isRoot: Bool
    /// runc and crun, as far as they are installed.
    package var runtimes: [NodeReport.Program]
    package var python: NodeReport.Program?
    /// Whether `python3 -m venv` has what it needs: requirements are installed by the pip in one.
    package var canMakeVenv: Bool
    package var cgroupLayout: CgroupLayout
    /// Names of the controllers that the kernel offers.
    package var cgroupControllers: Set<String>
    package var isCgroupWritable: Bool
    package var hasSeccomp: Bool
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
        canMakeVenv: Bool,
        cgroupLayout: CgroupLayout,
        cgroupControllers: Set<String>,
        isCgroupWritable: Bool,
        hasSeccomp: Bool,
        gpuNodes: [String],
        gpuDriver: String?,
        dataFolder: String,
        diskFreeBytes: Int64?
    ) {
        self.isRoot = isRoot
        self.runtimes = runtimes
        self.python = python
        self.canMakeVenv = canMakeVenv
        self.cgroupLayout = cgroupLayout
        self.cgroupControllers = cgroupControllers
        self.isCgroupWritable = isCgroupWritable
        self.hasSeccomp = hasSeccomp
        self.gpuNodes = gpuNodes
        self.gpuDriver = gpuDriver
        self.dataFolder = dataFolder
        self.diskFreeBytes = diskFreeBytes
    }
}
