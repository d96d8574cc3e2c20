package import GatewayAPI

/// What a host says of itself, as it was read; judged by `NodeChecks`.
package struct NodeFacts: Sendable, Hashable {
    package var isRoot = false
    /// As `6.1.0-18-amd64`; nil if the kernel does not say.
    package var kernel: String?
    /// The OCI runtime that the gateway uses.
    package var runtime: NodeReport.Program?
    package var python: NodeReport.Program?
    package var cgroupLayout = CgroupLayout.absent
    /// Of those that limits are made with, the ones that are there.
    package var cgroupControllers: Set<String> = []
    package var isCgroupWritable = false
    package var hasSeccomp = false
    /// What the kernel can do with a system call, as `errno`; empty before Linux 4.14.
    package var seccompActions: Set<String> = []
    package var dataFolder = ""
    /// Why no file can be made in the data folder; nil when one can.
    package var dataFolderFault: String?
    /// The data folder's file system forbids programs and libraries.
    package var isDataFolderNoExec = false
    /// Nil when the file system cannot be asked.
    package var diskFreeBytes: Int64?

    package init() {}
}
