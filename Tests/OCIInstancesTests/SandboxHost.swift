import Foundation
import Functions
import Instances
import NIOCore
import NIOPosix
import OCIInstances
import Testing

/// A driver with a data folder, threads and control groups of its own, on the real OCI runtime.
final class SandboxHost: Sendable {
    static let ociRuntime: String? = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"]
        .map { "\($0)/runc" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    /// Containers are made by root.
    static let isUsable = geteuid() == 0 && ociRuntime != nil
    static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    let folder: TemporaryFolder
    let configuration: OCIConfiguration
    let driver: OCIDriver
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let threads = NIOThreadPool(numberOfThreads: 8)

    init(
        runtimeLayer: String,
        reserveDelayMillis: Int = 100
    ) throws {
        folder = try TemporaryFolder()
        var configuration = OCIConfiguration(
            dataFolder: folder.path,
            runtimeFolder: Self.repository.appending(path: "runtime/python").path,
            runtimeLayer: runtimeLayer,
            ociRuntime: try #require(Self.ociRuntime)
        )
        configuration.reserveDelayMillis = reserveDelayMillis
        self.configuration = configuration
        threads.start()
        driver = try OCIDriver(
            configuration: configuration,
            group: group,
            threads: threads,
            outputSink: { _, _, _, _ in }
        )
    }

    /// Another gateway's driver over the same data folder, as after a crash.
    func anotherDriver() throws -> OCIDriver {
        try OCIDriver(
            configuration: configuration,
            group: group,
            threads: threads,
            outputSink: { _, _, _, _ in }
        )
    }

    /// A builder that is ready; to be closed.
    ///
    /// `index` is where it looks for packages, if not where
    /// this process would.
    func layerBuilder(runningMax: Int = 4, index: String? = nil) async throws -> LayerBuilder {
        var limits = LayerBuilder.Limits()
        limits.runningMax = runningMax
        var environment = ProcessInfo.processInfo.environment
        if let index { environment["PIP_INDEX_URL"] = index }
        let builder = try LayerBuilder(
            configuration: configuration,
            limits: limits,
            environment: environment
        )
        try await builder.prepare()
        return builder
    }

    var eventLoop: any EventLoop { group.any() }

    /// A plan for a handler with this text.
    func plan(
        _ handler: String,
        loadMillisMax: Int = 20_000,
        manifest: Manifest = Manifest(name: "test")
    ) throws -> SandboxPlan {
        let bundle = "\(folder.path)/bundle-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: bundle, withIntermediateDirectories: true)
        try Data(handler.utf8).write(to: URL(filePath: "\(bundle)/handler.py"))
        return SandboxPlan(
            revision: try Samples.revision(manifest),
            bundle: bundle,
            layers: [],
            loadMillisMax: loadMillisMax
        )
    }

    /// A plan for one of the example functions.
    func plan(function: String) throws -> SandboxPlan {
        var manifest = Manifest(name: function)
        manifest.limits.memoryMiB = 64
        manifest.scale.concurrency = 16
        return SandboxPlan(
            revision: try Samples.revision(manifest),
            bundle: Self.repository.appending(path: "functions/\(function)").path,
            layers: [],
            loadMillisMax: 20_000
        )
    }

    func stop() async throws {
        try await group.shutdownGracefully()
        try await threads.shutdownGracefully()
        folder.remove()
    }
}

// What the host has of this gateway's sandboxes, read past the driver.
extension SandboxHost {
    /// Folders of our control groups that are there, in every hierarchy.
    var groups: [String] {
        Self.hierarchies.map { "\($0)/faas/\(configuration.cgroupTag)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }

    /// Groups of a sandbox or of its parts, whose path ends in `name`.
    func groups(named name: String) -> [String] {
        groups.flatMap { root in
            (FileManager.default.subpaths(atPath: root) ?? [])
                .filter { $0 == name || $0.hasSuffix("/\(name)") }.map { "\(root)/\($0)" }
        }
    }

    /// Processes in a group of ours whose path ends in `name`; all of ours when nil.
    func processes(in name: String? = nil) -> [pid_t] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return pids.compactMap { pid_t($0) }.filter { pid in
            guard Self.isRunning(pid) else { return false }
            let text = (try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)) ?? ""
            return text.split(separator: "\n").contains { line in
                line.contains("/faas/\(configuration.cgroupTag)/")
                    && (name.map { line.hasSuffix("/\($0)") } ?? true)
            }
        }
    }

    /// False for one that has ended and whose parent, the host's first process, has yet to ask how.
    static func isRunning(_ pid: pid_t) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        guard let name = text.lastIndex(of: ")") else { return false }
        return !text[name...].hasPrefix(") Z") && !text[name...].hasPrefix(") X")
    }

    var sandboxFolders: [String] {
        [configuration.sandboxesFolder, configuration.stateFolder].flatMap { folder in
            (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        }
    }

    /// Fails unless nothing of any sandbox is left; the gateway's own group may be.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(processes() == [], sourceLocation: sourceLocation)
        #expect(sandboxFolders == [], sourceLocation: sourceLocation)
        let below = groups.flatMap { root in
            (FileManager.default.subpaths(atPath: root) ?? []).map { "\(root)/\($0)" }
                .filter { path in
                    var isFolder: ObjCBool = false
                    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                        && isFolder.boolValue
                }
        }
        #expect(below == [], sourceLocation: sourceLocation)
    }

    private static let hierarchies: [String] = {
        let table = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count,
                fields[dash + 1].hasPrefix("cgroup")
            else { return nil }
            return String(fields[4])
        }
    }()
}

/// Runs `body` on a host of its own; whatever it leaves is removed afterwards.
func withSandboxHost(
    reserveDelayMillis: Int = 100,
    _ body: (SandboxHost) async throws -> Void
) async throws {
    let layer = try await RuntimeLayer.shared.path()
    let host = try SandboxHost(runtimeLayer: layer, reserveDelayMillis: reserveDelayMillis)
    do {
        try await host.driver.reclaim()
        try await body(host)
    } catch {
        try await host.driver.reclaim()
        try await host.stop()
        throw error
    }
    try await host.driver.reclaim()
    try await host.stop()
}
