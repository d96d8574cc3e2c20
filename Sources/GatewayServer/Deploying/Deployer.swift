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
package import Weights

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
        /// How long a revision that has been replaced is kept ready for a way back.
        package var probationMillis: Int
        /// How often layers and weights are removed that no revision needs.
        package var cleanupMillis: Int

        package init(
            dataFolder: String,
            pythonVersion: String,
            platform: String,
            loadMillisMax: Int,
            probationMillis: Int,
            cleanupMillis: Int
        ) {
            self.dataFolder = dataFolder
            self.pythonVersion = pythonVersion
            self.platform = platform
            self.loadMillisMax = loadMillisMax
            self.probationMillis = probationMillis
            self.cleanupMillis = cleanupMillis
        }

        package var bundlesFolder: String { "\(dataFolder)/bundles" }
        package var incomingFolder: String { "\(dataFolder)/incoming" }
    }

    let setting: Setting
    let dispatcher: Dispatcher
    let scheduler: Scheduler
    let registry: Registry
    let layers: any LayerInstaller
    let weights: WeightStore
    let triggers: any TriggerBinder
    let threads: NIOThreadPool
    let loop: any EventLoop
    let logger: Logger
    let locks = DeployLocks()
    let pushes = Pushes()
    /// Held while layers and weights are looked for, or removed.
    let shared = NIOLock()
    let live = NIOLockedValueBox<[FunctionName: LiveFunction]>([:])

    package init(
        setting: Setting,
        dispatcher: Dispatcher,
        scheduler: Scheduler,
        registry: Registry,
        layers: any LayerInstaller,
        weights: WeightStore,
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
        self.weights = weights
        self.triggers = triggers
        self.threads = threads
        self.loop = loop
        self.logger = logger
    }

    /// Finds a revision's files and layers on this node.
    package static func plan(
        _ revision: Revision,
        setting: Setting,
        layers: any LayerInstaller,
        weights: WeightStore
    ) throws(InstanceError) -> SandboxPlan {
        let bundle = "\(setting.bundlesFolder)/\(revision.digest)"
        do throws(PackagingError) {
            let folder = try FunctionFolder(bundle)
            let digest = folder.requirements.map { setting.layerDigest($0) }
            return SandboxPlan(
                revision: revision,
                bundle: bundle,
                layers: digest.map { [layers.path($0)] } ?? [],
                weights: revision.manifest.model.map { weights.path(of: $0.sha256) },
                loadMillisMax: setting.loadMillisMax
            )
        } catch {
            throw InstanceError(.host, "the bundle of \(revision.id) is damaged: \(error.message)")
        }
    }

    /// Opens the bundle that lies at `archive`, then builds, loads and tries it in the background,
    /// and lets it take traffic unless it belongs to a push.
    ///
    /// The file is removed. After this returns the last event is `done`, `prepared` or `failed`.
    /// Who goes before that lets go of the listener.
    /// - Throws: `Problem`, `PackagingError`: the bundle is refused, or a deploy is under way.
    package func deploy(
        _ name: FunctionName,
        archive: String,
        account: Account,
        origin: Origin = Origin(),
        push: String? = nil,
        progress: @escaping Progress
    ) async throws -> DeployListener {
        defer { unlink(archive) }
        let digest = try await threads.runIfActive { try Bundle.digest(ofFile: archive) }
        let keys: Set = [DeployLocks.deploy(name), DeployLocks.bundle(digest)]
        guard locks.tryLock(keys) else {
            throw Problem(.deployInProgress, detail: "\(name) is being deployed already.")
        }
        var deploy = Deploy(
            deployer: self,
            name: name,
            archive: archive,
            account: account,
            locks: keys,
            progress: progress
        )
        do {
            deploy.origin =
                try push.map { try pushes.begin($0, deploy.stop, account: account) } ?? origin
            deploy.push = push
            do {
                let opened = try await deploy.open(digest: digest)
                Task { [deploy] in await deploy.run(opened) }
                return DeployListener(deploy.stop)
            } catch {
                if let push { _ = pushes.end(push, deploy.stop, nil) }
                throw error
            }
        } catch {
            locks.unlock(keys)
            throw error
        }
    }

    /// Gives up a revision that has taken no traffic.
    func discard(_ prepared: Prepared) async {
        await scheduler.retire(prepared.pool, rejectingWaiting: true)
        locks.unlock(prepared.locks)
        await sweep()
    }

    /// Takes a function out of service; returns when nothing of it runs.
    package func remove(_ name: FunctionName) async throws -> Bool {
        try await withLock(of: name, and: [DeployLocks.deploy(name)]) {
            guard dispatcher.split(name.description) != nil else { return false }
            try await registry.remove(name, atMicros: Clock.wallMicros())
            await drain(await unroute(name), of: name)
            return true
        }
    }

    func withLock<Value>(
        of name: FunctionName,
        and others: Set<String> = [],
        _ body: () async throws -> Value
    ) async throws -> Value {
        let keys = others.union([DeployLocks.function(name)])
        guard locks.tryLock(keys) else {
            throw Problem(.deployInProgress, detail: "\(name) is being changed by another.")
        }
        defer { locks.unlock(keys) }
        return try await body()
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
