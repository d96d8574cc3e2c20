package import Functions
package import GatewayAPI
import Logging
import NIOConcurrencyHelpers
import Pooling
import Scheduling
import Storage

/// Traffic is divided anew among revisions that are there.
extension Deployer {
    /// As the order says; ends a rollout that is under way.
    package func divide(_ order: TrafficOrder, of name: FunctionName) async throws -> Traffic {
        guard let traffic = Traffic(parts: order.parts) else {
            throw Problem(
                .trafficInvalid,
                detail: "Name each revision once, with shares that make 100% together."
            )
        }
        guard traffic.parts.count <= Self.partsMax else {
            throw Problem(
                .trafficInvalid,
                detail: "Traffic is divided among \(Self.partsMax) revisions at most."
            )
        }
        return try await withLock(of: name) { try await divide(traffic, of: name) }
    }

    /// All to an earlier revision; without a number to the one that served before.
    package func rollBack(_ name: FunctionName, to number: Int?) async throws -> Traffic {
        try await withLock(of: name) {
            let now = try traffic(of: name)
            let target =
                if let number { number } else { try await wayBack(from: now, of: name) }
            return try await divide(Traffic(whole: target), of: name)
        }
    }

    /// The baseline of a rollout; else the primary revision where a newer one has a part; else the
    /// primary before, which was not merely deployed before.
    private func wayBack(from now: Traffic, of name: FunctionName) async throws -> Int {
        if let rollout = now.rollout { return rollout.baseline }
        if now.hasNewer { return now.primary }
        let kept = try await registry.revisions(of: name).filter(\.isKept).map(\.revision.number)
        // By number where it was not noted which was primary.
        let earlier =
            now.earlier?.last { kept.contains($0) }
            ?? kept.first { $0 < now.primary && $0 != now.fallback?.from }
        guard let earlier else {
            throw Problem(
                .revisionNotFound,
                detail: "There is no revision of \(name) before \(now.primary)."
            )
        }
        return earlier
    }

    /// All to the candidate of the rollout, or to the revision named, without further steps.
    package func promote(_ name: FunctionName, _ number: Int?) async throws -> Traffic {
        try await withLock(of: name) {
            let now = try traffic(of: name)
            guard let target = number ?? now.rollout?.candidate else {
                throw Problem(
                    .trafficInvalid,
                    detail: "No rollout of \(name) is under way: name the revision to promote."
                )
            }
            return try await divide(Traffic(whole: target), of: name)
        }
    }

    func traffic(of name: FunctionName) throws -> Traffic {
        guard let split = dispatcher.split(name.description) else {
            throw Problem(
                .functionNotFound,
                detail: "There is no function \(name): see `faas list`."
            )
        }
        return split.traffic
    }

    /// Nothing changes unless each revision that is to take traffic has shown an instance.
    ///
    /// The caller holds the function's lock.
    func divide(
        _ traffic: Traffic,
        of name: FunctionName,
        ending: Set<Int> = []
    ) async throws -> Traffic {
        guard let before = dispatcher.split(name.description) else {
            _ = try self.traffic(of: name)
            return traffic
        }
        let traffic = traffic.following(before.traffic)
        let resting = live.withLockedValue { $0[name]?.resting.map(\.route) ?? [] }
        var routes = before.routes + resting
        var made: [Route] = []
        do {
            for part in traffic.parts
            where !routes.contains(where: { $0.revision.number == part.number }) {
                let route = try await bring(part.number, of: name, metrics: before.primary.metrics)
                made.append(route)
                if part.share > .none { try await start(route) }
            }
            routes += made
            try await registry.setTraffic(traffic, of: name)
        } catch {
            for route in made { await scheduler.retire(route.pool, rejectingWaiting: true) }
            throw error
        }
        await prewarm(routes, for: traffic, before: before)
        await install(split(traffic, from: routes), for: name, ending: ending)
        logger.info(
            "traffic divided",
            metadata: [
                "function": "\(name)",
                "parts": "\(traffic.parts.map { "\($0.number)=\($0.share)" })",
            ]
        )
        return traffic
    }

    private func bring(
        _ number: Int,
        of name: FunctionName,
        metrics: RouteMetrics
    ) async throws -> Route {
        guard let deployment = try await registry.revision(number, of: name) else {
            throw Problem(
                .revisionNotFound,
                detail: "There is no revision \(number) of \(name): see `faas revisions \(name)`."
            )
        }
        guard deployment.isKept else {
            throw Problem(
                .revisionNotFound,
                detail: "The bundle of revision \(number) of \(name) is no longer kept: "
                    + "deploy it again."
            )
        }
        return route(deployment, metrics: metrics)
    }

    private func start(_ route: Route) async throws {
        do {
            try await Trial.start(
                id: dispatcher.makeID(acceptedAtMicros: Clock.wallMicros()),
                on: route.pool,
                eventLoop: loop
            )
        } catch let failure as Trial.Failure {
            throw Problem(failure, last: route.pool.lastFailure)
        }
    }

    /// Each gets as many instances as its new share of what is in use now, so that a change of
    /// traffic never lowers the capacity; what is not there in time is waited for in the queue.
    func prewarm(
        _ routes: [Route],
        for traffic: Traffic,
        before: TrafficSplit
    ) async {
        let busy = before.routes.reduce(0) { $0 + $1.pool.snapshot.busy }
        guard busy > 0 else { return }
        for part in traffic.parts {
            guard let route = routes.last(where: { $0.revision.number == part.number }) else {
                continue
            }
            let wanted = part.share.count(of: busy)
            await prewarm(route.pool, min(wanted, route.revision.manifest.scale.max))
        }
    }

    /// Revisions that traffic may be divided among.
    package static let partsMax = 10
}

extension Share {
    /// So much of `whole`, rounded up.
    func count(of whole: Int) -> Int {
        (whole * basisPoints + Share.all.basisPoints - 1) / Share.all.basisPoints
    }
}
