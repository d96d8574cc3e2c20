import Functions
import GatewayAPI
import Logging
import NIOConcurrencyHelpers
import Pooling
import Rollouts
import Scheduling
import Storage

/// Prepared revisions take traffic.
extension Deployer {
    /// How many such revisions of a function are kept.
    static let restingMax = 2
    /// How long a new revision may take to have as many instances as the old one has in use.
    static let prewarmSecondsMax: UInt64 = 10
    /// How long a revision that is ready waits for the end of another change of the traffic.
    static let changeSecondsMax: UInt64 = 60
    /// Revisions of a function that can be served again.
    package static let revisionsMax = 10

    /// Lets revisions take traffic and takes functions out of service: all of it or nothing, also
    /// when the gateway ends meanwhile.
    ///
    /// The caller holds the locks of their deploys.
    func release(
        _ prepared: [Prepared],
        removing: [FunctionName] = [],
        commit: ServedCommit? = nil
    ) async throws {
        let names = prepared.map(\.revision.function) + removing
        let keys = Set(names.map { DeployLocks.function($0) })
        guard await locks.lock(keys, secondsMax: Self.changeSecondsMax) else {
            throw Problem(.deployInProgress, detail: "The traffic is being divided by another.")
        }
        defer { locks.unlock(keys) }
        let now = Clock.wallMicros()
        let changes = prepared.map { ($0, traffic(for: $0, atMicros: now), routes(with: $0)) }
        for (item, traffic, routes) in changes {
            guard let before = dispatcher.split(item.revision.function.description) else {
                continue
            }
            await prewarm(routes, for: traffic, before: before)
        }
        try await registry.apply(
            Release(
                parts: changes.map { Release.Part($0.0.deployment, traffic: $0.1) },
                removals: removing,
                commit: commit,
                atMicros: now
            )
        )
        for (item, traffic, routes) in changes {
            let name = item.revision.function
            await install(split(traffic, from: routes), for: name)
            live.withLockedValue { $0[name]?.failure = nil }
        }
        for name in removing {
            let routes = await unroute(name)
            // What runs in it may take long, and nobody needs to wait for that.
            Task { await drain(routes, of: name) }
        }
        Task { await giveUpRevisions(of: prepared.map(\.revision.function)) }
    }

    /// A rollout's first step where the manifest asks for one, else all.
    private func traffic(for item: Prepared, atMicros now: Int64) -> Traffic {
        let name = item.revision.function
        guard let policy = item.revision.manifest.rollout,
            let before = dispatcher.split(name.description), let share = policy.shares.first,
            share < .all
        else {
            let whole = Traffic(whole: item.revision.number)
            let before = dispatcher.split(name.description)?.traffic
            return before.map { whole.following($0) } ?? whole
        }
        return Traffic(
            rollout: Traffic.Rollout(
                candidate: item.revision.number,
                baseline: before.traffic.primary,
                step: 0,
                beganAtMicros: now
            ),
            share: share
        ).following(before.traffic)
    }

    /// Those that take traffic now and the new one.
    private func routes(with item: Prepared) -> [Route] {
        let before = dispatcher.split(item.revision.function.description)
        let route = Route(
            revision: item.revision,
            pool: item.pool,
            streamsInput: item.report.streamsInput,
            metrics: before?.primary.metrics ?? RouteMetrics(),
            origin: item.origin
        )
        return (before?.routes ?? []) + [route]
    }

    /// Returns when the pool has so many instances, one failed to start, or time is up.
    func prewarm(_ pool: Pool, _ count: Int) async {
        let deadline = Clock.monotonicNanos() + Self.prewarmSecondsMax * 1_000_000_000
        pool.prewarm(count)
        while Clock.monotonicNanos() < deadline, pool.lastFailure == nil {
            let snapshot = pool.snapshot
            if snapshot.idle + snapshot.busy >= count { return }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The routes that the traffic names; those of a rollout count what they answer.
    func split(_ traffic: Traffic, from routes: [Route]) -> TrafficSplit {
        let chosen = traffic.parts.compactMap { part in
            routes.last { $0.revision.number == part.number }
        }
        let judged = traffic.rollout.map { [$0.candidate, $0.baseline] } ?? []
        return TrafficSplit(
            traffic,
            routes: chosen.map { route in
                let isJudged = judged.contains(route.revision.number)
                // The same one over all steps: what ends in a later step counts there.
                if isJudged == (route.tally != nil) { return route }
                return route.counting(with: isJudged ? RevisionTally() : nil)
            }
        )
    }

    /// Puts a division of traffic in the place of the one before.
    ///
    /// What takes none any more rests for a while, or ends at once where it is in `ending`; either
    /// way what runs in it and what waits for it is served.
    func install(
        _ split: TrafficSplit,
        for name: FunctionName,
        ending: Set<Int> = []
    ) async {
        let now = Clock.monotonicNanos()
        let answered = split.routes.compactMap { route in
            route.tally.map { (route.revision.number, $0.snapshot()) }
        }
        for route in split.routes { route.pool.wake() }
        let before = dispatcher.setSplit(split, for: name)
        let isOther = before?.primary.revision.number != split.primary.revision.number
        let left = (before?.routes ?? []).filter { old in
            !split.routes.contains { $0.pool === old.pool }
        }
        let retired = live.withLockedValue { live in
            var function = live[name] ?? LiveFunction()
            function.stepBeganAt = now
            function.answeredBefore = Dictionary(answered) { $1 }
            function.silentSince = nil
            if isOther {
                (function.failure, function.probeAt, function.probing) = (nil, 0, nil)
            }
            function.resting.removeAll { resting in
                split.routes.contains { $0.pool === resting.route.pool }
            }
            function.resting += left.filter { !ending.contains($0.revision.number) }.map {
                LiveFunction.Resting(
                    route: $0,
                    until: now + UInt64(setting.probationMillis) * 1_000_000
                )
            }
            let surplus = max(0, function.resting.count - Self.restingMax)
            defer { live[name] = function }
            defer { function.resting.removeFirst(surplus) }
            return function.resting.prefix(surplus).map(\.route)
                + left.filter { ending.contains($0.revision.number) }
        }
        for route in left { route.pool.rest() }
        for route in retired {
            Task { [scheduler] in await scheduler.retire(route.pool) }
        }
        guard isOther else { return }
        await bindTriggers(of: split.primary.revision)
    }

    /// They were checked before; one that fails now is bound at the next start.
    private func bindTriggers(of revision: Revision) async {
        do {
            try await triggers.bind(revision, isRestored: false)
        } catch {
            logger.error(
                "triggers could not be bound",
                metadata: ["revision": "\(revision.id)", "error": "\(error)"]
            )
        }
    }

    /// What is out of service already by the registry takes nothing more.
    /// - Returns: what may still run.
    func unroute(_ name: FunctionName) async -> [Route] {
        let split = dispatcher.setSplit(nil, for: name)
        let resting = live.withLockedValue { $0.removeValue(forKey: name)?.resting ?? [] }
        do { try await triggers.unbind(name) } catch {
            logger.error(
                "triggers could not be unbound",
                metadata: ["function": "\(name)", "error": "\(error)"]
            )
        }
        return (split?.routes ?? []) + resting.map(\.route)
    }

    /// Returns when nothing of a function that was taken out of service runs or lies on the disk.
    func drain(_ routes: [Route], of name: FunctionName) async {
        await withTaskGroup(of: Void.self) { group in
            for route in routes {
                group.addTask { [scheduler] in await scheduler.retire(route.pool) }
            }
        }
        // Of another since, where it was deployed again meanwhile.
        if dispatcher.split(name.description) == nil { dispatcher.logs.remove(name) }
        await sweep()
    }
}
