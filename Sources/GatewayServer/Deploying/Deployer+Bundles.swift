import FoundationEssentials
import Functions
import Glibc
import Instances
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import Packaging
import Pooling
import Scheduling
import Storage
import Weights

/// What was deployed before this gateway was started, and what nothing needs any more.
extension Deployer {
    /// Routes for all that was deployed before; starts what `scale.min` asks for.
    package func restore() async throws {
        try await removeUploads()
        try await removeBundles(alsoUnfinished: true)
        try await removeWeights()
        for service in try await registry.functions() {
            let name = service.current.revision.function
            let metrics = RouteMetrics()
            var routes: [Route] = []
            for part in service.traffic.parts {
                let deployment =
                    part.number == service.current.revision.number
                    ? service.current : try await registry.revision(part.number, of: name)
                guard let deployment else { continue }
                routes.append(route(deployment, metrics: metrics))
            }
            let isWhole = routes.count == service.traffic.parts.count
            let traffic = isWhole ? service.traffic : Traffic(whole: service.traffic.primary)
            let split = split(traffic, from: routes)
            dispatcher.setSplit(split, for: name)
            live.withLockedValue {
                $0[name] = LiveFunction(stepBeganAt: Clock.monotonicNanos())
            }
            for route in split.routes { route.pool.activate() }
            try await triggers.bind(service.current.revision, isRestored: true)
        }
    }

    func route(_ deployment: Deployment, metrics: RouteMetrics) -> Route {
        Route(
            revision: deployment.revision,
            pool: scheduler.makePool(
                for: deployment.revision,
                forks: deployment.report.isForkable
            ),
            streamsInput: deployment.report.streamsInput,
            metrics: metrics,
            origin: deployment.origin
        )
    }

    /// Keeps the latest revisions of functions, those that take traffic or rest, and the one that
    /// a rollback goes to.
    func giveUpRevisions(of names: [FunctionName]) async {
        do {
            for name in names {
                let split = dispatcher.split(name.description)
                let resting = live.withLockedValue { $0[name]?.resting ?? [] }
                let used = (split?.routes ?? []) + resting.map(\.route)
                let before = split?.traffic.earlier?.last
                try await registry.retireRevisions(
                    of: name,
                    keeping: Self.revisionsMax,
                    and: Set(used.map(\.revision.number)).union(before.map { [$0] } ?? []),
                    atMicros: Clock.wallMicros()
                )
            }
        } catch {
            logger.error("revisions could not be given up", metadata: ["error": "\(error)"])
        }
        await sweep()
    }

    /// Removes bundles that no revision needs.
    func sweep() async {
        do { try await removeBundles(alsoUnfinished: false) } catch {
            logger.error("bundles could not be removed", metadata: ["error": "\(error)"])
        }
    }

    private func removeBundles(alsoUnfinished isAtStart: Bool) async throws {
        let (folder, locks, registry) = (setting.bundlesFolder, locks, registry)
        let names = try await threads.runIfActive {
            try FileManager.default.contentsOfDirectory(atPath: folder)
        }
        // Read after the names: what is being deployed meanwhile holds its lock, or is known.
        // What was taken out of service is needed until nothing of it runs.
        let running = scheduler.pools.map(\.revision.digest)
        let known = try await registry.digests().union(running)
        let gone = names.filter { name in
            !known.contains(name) && (isAtStart || !name.hasPrefix(Bundle.unpackingPrefix))
        }
        guard !gone.isEmpty else { return }
        try await threads.runIfActive {
            for name in gone {
                let keys: Set = [DeployLocks.bundle(name)]
                guard locks.tryLock(keys) else { continue }
                defer { locks.unlock(keys) }
                try Bundle.remove(folder: "\(folder)/\(name)")
            }
        }
    }

    /// Files that no revision needs which can be served, and parts of files that nobody fetches.
    private func removeWeights() async throws {
        let needed = Set(try await registry.models().map(\.sha256))
        try await threads.runIfActive { [weights] in
            weights.removeAll(except: needed)
            weights.removeLeftovers()
        }
    }

    /// Of deploys that were cut off.
    private func removeUploads() async throws {
        let folder = setting.incomingFolder
        try await threads.runIfActive {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                unlink("\(folder)/\(name)")
            }
        }
    }
}
