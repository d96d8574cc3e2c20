import FoundationEssentials
package import Functions
package import GatewayAPI
import Glibc
package import Instances
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
package import NIOPosix
import Packaging
import Pooling
package import Scheduling
package import Storage

/// Makes revisions of bundles, and routes of revisions.
///
/// A deploy that fails at any step changes nothing: the route is set last.
package final class Deployer: Sendable {
    /// Takes what happens, as it happens.
    package typealias Progress = @Sendable (DeployEvent) async -> Void

    /// Where bundles lie, and how requirements are named.
    package struct Setting: Sendable {
        package var dataFolder: String
        /// Version of the interpreter: a layer is for one.
        package var pythonVersion: String
        /// What binary packages are built for, such as `linux-x86_64`.
        package var platform: String
        package var loadMillisMax: Int

        package init(
            dataFolder: String,
            pythonVersion: String,
            platform: String,
            loadMillisMax: Int
        ) {
            self.dataFolder = dataFolder
            self.pythonVersion = pythonVersion
            self.platform = platform
            self.loadMillisMax = loadMillisMax
        }

        package var bundlesFolder: String { "\(dataFolder)/bundles" }
        package var incomingFolder: String { "\(dataFolder)/incoming" }
    }

    let setting: Setting
    let dispatcher: Dispatcher
    let scheduler: Scheduler
    let registry: Registry
    let layers: any LayerInstaller
    let triggers: any TriggerBinder
    let threads: NIOThreadPool
    let loop: any EventLoop
    let logger: Logger
    private let deploying = NIOLockedValueBox<Set<String>>([])

    package init(
        setting: Setting,
        dispatcher: Dispatcher,
        scheduler: Scheduler,
        registry: Registry,
        layers: any LayerInstaller,
        triggers: any TriggerBinder,
        threads: NIOThreadPool,
        loop: any EventLoop,
        logger: Logger
    ) {
        self.setting = setting
        self.dispatcher = dispatcher
        self.scheduler = scheduler
        self.registry = registry
        self.layers = layers
        self.triggers = triggers
        self.threads = threads
        self.loop = loop
        self.logger = logger
    }

    /// Finds a revision's files and layers on this node.
    package static func plan(
        _ revision: Revision,
        setting: Setting,
        layers: any LayerInstaller
    ) throws(InstanceError) -> SandboxPlan {
        let bundle = "\(setting.bundlesFolder)/\(revision.digest)"
        do throws(PackagingError) {
            let folder = try FunctionFolder(bundle)
            let digest = folder.requirements.map { setting.layerDigest($0) }
            return SandboxPlan(
                revision: revision,
                bundle: bundle,
                layers: digest.map { [layers.path($0)] } ?? [],
                loadMillisMax: setting.loadMillisMax
            )
        } catch {
            throw InstanceError(.host, "the bundle of \(revision.id) is damaged: \(error.message)")
        }
    }

    /// Routes for all that was deployed before; starts what `scale.min` asks for.
    package func restore() async throws {
        try await removeLeftovers()
        for function in try await registry.functions() {
            let pool = scheduler.makePool(
                for: function.revision,
                forks: function.report.isForkable
            )
            dispatcher.setRoute(
                Route(
                    revision: function.revision,
                    pool: pool,
                    streamsInput: function.report.streamsInput,
                    metrics: RouteMetrics()
                ),
                for: function.revision.function
            )
            pool.activate()
            try await triggers.bind(function.revision, isRestored: true)
        }
    }

    /// Removes what a deploy left that was cut off: uploads, and bundles of no revision.
    private func removeLeftovers() async throws {
        let known = try await registry.digests()
        let setting = setting
        try await threads.runIfActive {
            for name in try FileManager.default.contentsOfDirectory(atPath: setting.bundlesFolder)
            where !known.contains(name) {
                try Bundle.remove(folder: "\(setting.bundlesFolder)/\(name)")
            }
            for name in try FileManager.default.contentsOfDirectory(
                atPath: setting.incomingFolder
            ) {
                unlink("\(setting.incomingFolder)/\(name)")
            }
        }
    }

    /// Opens the bundle that lies at `archive`, then takes it into service in the background.
    ///
    /// The file is removed. After this returns the last event is `done` or `failed`.
    /// - Throws: `Problem`, `PackagingError`: the bundle is refused, or a deploy is under way.
    package func deploy(
        _ name: FunctionName,
        archive: String,
        account: Account,
        progress: @escaping Progress
    ) async throws {
        defer { unlink(archive) }
        let digest = try await threads.runIfActive { try Bundle.digest(ofFile: archive) }
        let keys: Set = ["function \(name)", "bundle \(digest)"]
        let isFree = deploying.withLockedValue { deploying in
            guard deploying.isDisjoint(with: keys) else { return false }
            deploying.formUnion(keys)
            return true
        }
        guard isFree else {
            throw Problem(.deployInProgress, detail: "\(name) is being deployed already.")
        }
        let deploy = Deploy(
            deployer: self,
            name: name,
            archive: archive,
            account: account,
            progress: progress
        )
        do {
            let opened = try await deploy.open(digest: digest)
            Task {
                await deploy.run(opened)
                deploying.withLockedValue { $0.subtract(keys) }
            }
        } catch {
            deploying.withLockedValue { $0.subtract(keys) }
            throw error
        }
    }

    /// Takes a function out of service; returns when nothing of it runs.
    package func remove(_ name: FunctionName) async throws -> Bool {
        guard let route = dispatcher.setRoute(nil, for: name) else { return false }
        try await registry.remove(name, atMicros: Clock.wallMicros())
        try await triggers.unbind(name)
        await scheduler.retire(route.pool)
        dispatcher.logs.remove(name)
        return true
    }
}

extension Deployer.Setting {
    func layerDigest(_ requirements: Requirements) -> String {
        requirements.digest(python: pythonVersion, platform: platform)
    }
}

extension DeployEvent {
    static func failed(_ problem: Problem, _ elapsedMillis: Int64) -> DeployEvent {
        DeployEvent(
            step: .failed,
            message: problem.title,
            elapsedMillis: elapsedMillis,
            problem: problem
        )
    }
}
