import Functions
import GatewayAPI
import Logging
import NIOConcurrencyHelpers
import Pooling
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
        let names = live.withLockedValue { live in
            live.filter { $0.value.resting.contains { $0.until <= now } }.map(\.key)
        }
        for name in names {
            // Who divides traffic may be about to send some to what rests: then at the next tick.
            let keys: Set = [DeployLocks.function(name)]
            guard locks.tryLock(keys) else { continue }
            let over = live.withLockedValue { live -> [LiveFunction.Resting] in
                let over = live[name]?.resting.filter { $0.until <= now } ?? []
                live[name]?.resting.removeAll { $0.until <= now }
                return over
            }
            locks.unlock(keys)
            for item in over { Task { [scheduler] in await scheduler.retire(item.route.pool) } }
        }
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
        let (new, old) = (function.answered(candidate), function.answered(split.primary))
        let verdict = RolloutJudge(
            policy,
            baselineNumber: rollout.baseline,
            answerMillisMax: Int64(candidate.revision.manifest.timeout.totalMillis)
        ).verdict(
            step: rollout.step,
            elapsedMillis: Self.millis(from: function.stepBeganAt, to: now),
            candidate: new,
            baseline: isLast ? function.lastBaseline : old,
            pending: pending(candidate, answered: new.answered, now: now)
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
                let began = live.withLockedValue { $0[name]?.stepBeganAt }
                guard dispatcher.split(name.description) === split, began == function.stepBeganAt
                else { return }
                live.withLockedValue { $0[name]?.lastBaseline = old }
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

    /// What the candidate of a rollout has yet to answer, and for how long it has been silent.
    private func pending(_ candidate: Route, answered: Int, now: UInt64) -> RolloutPending {
        let snapshot = candidate.pool.snapshot
        let count = snapshot.leases + snapshot.waiting
        let since = live.withLockedValue { live -> UInt64 in
            let name = candidate.revision.function
            let since = count > 0 && answered == 0 ? live[name]?.silentSince ?? now : nil
            live[name]?.silentSince = since
            return since ?? now
        }
        return RolloutPending(count: count, silentMillis: Self.millis(from: since, to: now))
    }

    private static func millis(from began: UInt64, to now: UInt64) -> Int64 {
        now > began ? Int64((now - began) / 1_000_000) : 0
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
