import Functions
import GatewayAPI
import Logging
import NIOConcurrencyHelpers
import Rollouts
import Scheduling

/// What time makes due: steps of rollouts, the end of probation, pushes that were forgotten.
extension Deployer {
    /// How often that is looked at, in milliseconds.
    static let tickMillis = 250

    /// Until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Self.tickMillis))
            let now = Clock.monotonicNanos()
            // What takes long for one function holds up no other.
            for push in pushes.takeIdle(now: now) { Task { await discard(push) } }
            endProbations(now: now)
            for split in dispatcher.allSplits where split.traffic.rollout != nil {
                Task { await judge(split, now: now) }
            }
            probe(now: now)
        }
    }

    private func endProbations(now: UInt64) {
        let over = live.withLockedValue { live -> [Route] in
            var routes: [Route] = []
            for (name, function) in live where function.resting.contains(where: { $0.until <= now })
            {
                routes += function.resting.filter { $0.until <= now }.map(\.route)
                live[name]?.resting.removeAll { $0.until <= now }
            }
            return routes
        }
        for route in over { Task { [scheduler] in await scheduler.retire(route.pool) } }
    }

    /// Puts what both revisions answered in this step to the judge.
    private func judge(_ split: TrafficSplit, now: UInt64) async {
        let name = split.primary.revision.function
        guard let rollout = split.traffic.rollout,
            let candidate = split.route(number: rollout.candidate),
            let policy = candidate.revision.manifest.rollout,
            let function = live.withLockedValue({ $0[name] })
        else { return }
        let isLast = rollout.step + 1 >= policy.shares.count
        let answered = split.primary.tally?.snapshot() ?? RolloutEvidence()
        let baseline = isLast ? function.lastBaseline : answered
        let verdict = RolloutJudge(policy, baselineNumber: rollout.baseline).verdict(
            step: rollout.step,
            elapsedMillis: Int64((now &- function.stepBeganAt) / 1_000_000),
            candidate: candidate.tally?.snapshot() ?? RolloutEvidence(),
            baseline: baseline
        )
        let (next, ending) = Self.traffic(
            after: verdict,
            split.traffic,
            rollout,
            policy,
            digest: candidate.revision.digest
        )
        guard let next else { return }
        do {
            try await withLock(of: name) {
                // Somebody else may have changed it since.
                guard dispatcher.split(name.description) === split else { return }
                live.withLockedValue { $0[name]?.lastBaseline = answered }
                _ = try await divide(next, of: name, ending: ending)
            }
            log(verdict, rollout, of: name)
        } catch let problem as Problem where problem.code == ProblemCode.deployInProgress.rawValue {
            return  // At the next tick.
        } catch {
            logger.error(
                "a rollout could not go on",
                metadata: ["function": "\(name)", "error": "\(error)"]
            )
        }
    }

    private static func traffic(
        after verdict: RolloutVerdict,
        _ now: Traffic,
        _ rollout: Traffic.Rollout,
        _ policy: Manifest.Rollout,
        digest: String
    ) -> (Traffic?, ending: Set<Int>) {
        switch verdict {
        case .stay: return (nil, [])
        case .advance(let step):
            var next = rollout
            next.step = step
            next.beganAtMicros = Clock.wallMicros()
            return (
                Traffic(rollout: next, share: policy.shares[step], fallback: now.fallback), []
            )
        case .complete: return (Traffic(whole: rollout.candidate), [])
        case .fallBack(let reason):
            let fallback = Traffic.Fallback(
                from: rollout.candidate,
                to: rollout.baseline,
                digest: digest,
                reason: reason,
                atMicros: Clock.wallMicros()
            )
            return (Traffic(whole: rollout.baseline, fallback: fallback), [rollout.candidate])
        }
    }

    private func log(_ verdict: RolloutVerdict, _ rollout: Traffic.Rollout, of name: FunctionName) {
        switch verdict {
        case .stay, .advance: break
        case .complete:
            logger.info(
                "rollout complete",
                metadata: ["revision": "\(name)-\(rollout.candidate)"]
            )
        case .fallBack(let reason):
            logger.warning(
                "revision taken off the traffic",
                metadata: ["revision": "\(name)-\(rollout.candidate)", "reason": "\(reason)"]
            )
        }
    }
}
