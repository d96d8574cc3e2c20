/// The answer to `GET /v1/node`: what the gateway found on its host.
package struct NodeReport: Sendable, Hashable, Codable {
    /// Of the gateway.
    package var version: String
    /// Nil when neither runc nor crun was found.
    package var runtime: Program?
    /// Nil when no interpreter was found.
    package var python: Program?
    package var cgroupLayout: CgroupLayout
    /// Whether the kernel filters system calls.
    package var seccomp: Bool
    package var gpus: [GPUReport]
    package var dataFolder: String
    /// On the file system of the data folder.
    package var diskFreeBytes: Int64
    package var uptimeSeconds: Int64
    package var checks: [NodeCheck]

    package init(
        version: String,
        runtime: Program?,
        python: Program?,
        cgroupLayout: CgroupLayout,
        seccomp: Bool,
        gpus: [GPUReport],
        dataFolder: String,
        diskFreeBytes: Int64,
        uptimeSeconds: Int64,
        checks: [NodeCheck]
    ) {
        self.version = version
        self.runtime = runtime
        self.python = python
        self.cgroupLayout = cgroupLayout
        self.seccomp = seccomp
        self.gpus = gpus
        self.dataFolder = dataFolder
        self.diskFreeBytes = diskFreeBytes
        self.uptimeSeconds = uptimeSeconds
        self.checks = checks
    }
}

extension NodeReport {
    /// A program that the gateway uses.
    package struct Program: Sendable, Hashable, Codable {
        package var name: String
        package var version: String
        package var path: String

        package init(name: String, version: String, path: String) {
            self.name = name
            self.version = version
            self.path = path
        }
    }
}

/// How control groups are mounted.
package enum CgroupLayout: String, Sendable, Hashable, Codable, CaseIterable {
    case v1
    case v2
    /// Controllers under version 1, and a version 2 tree beside them.
    case hybrid
    case absent
}
