import Functions

extension ManifestReader {
    /// Nil unless the manifest asks for steps.
    static func rollout(_ top: ManifestSection) -> Manifest.Rollout? {
        let keys = ["canary", "steps", "every", "maxErrorRate", "maxLatency"]
        guard let section = top.section("rollout", keys: keys) else { return nil }
        var rollout = Manifest.Rollout()
        rollout.canary = section["canary"]?.share(ManifestLimits.stepShare) ?? rollout.canary
        if let steps = section["steps"] {
            rollout.steps = shares(steps, over: rollout.canary)
        } else {
            // What the canary is over already is no step after it.
            rollout.steps.removeAll { $0 <= rollout.canary }
        }
        let every = section["every"]?.quantity(.duration, ManifestLimits.stepMillis)
        rollout.everyMillis = every ?? rollout.everyMillis
        let rate = section["maxErrorRate"]?.share(ManifestLimits.errorRate)
        rollout.maxErrorRate = rate ?? rollout.maxErrorRate
        rollout.maxLatencyFactor =
            section["maxLatency"]?.factor(ManifestLimits.latencyFactor) ?? rollout.maxLatencyFactor
        return rollout
    }

    static func probe(_ top: ManifestSection) -> Manifest.Probe? {
        guard let section = top.section("probe", keys: ["every"]) else { return nil }
        var probe = Manifest.Probe()
        let every = section["every"]?.quantity(.duration, ManifestLimits.probeMillis)
        probe.everyMillis = every ?? probe.everyMillis
        return probe
    }

    /// The steps after the canary, each over the one before.
    private static func shares(_ value: ManifestValue, over canary: Share) -> [Share] {
        var shares: [Share] = []
        let isCanarySound = !value.faults.concern("rollout.canary")
        for step in value.list(countMax: ManifestLimits.stepCountMax, of: "shares") ?? [] {
            guard let share = step.share(ManifestLimits.stepShare) else { continue }
            let last = shares.last ?? (isCanarySound ? canary : .none)
            guard share > last else {
                let before = shares.isEmpty ? "the canary" : "the step before"
                step.fault(
                    "is \(share), not more than \(before), which has \(last)",
                    allowed: "over \(last), up to 100%"
                )
                continue
            }
            shares.append(share)
        }
        return shares
    }
}

extension ManifestValue {
    /// A part of a whole, as in `5%`.
    func share(_ range: ClosedRange<Share>) -> Share? {
        let allowed = "\(range.lowerBound) to \(range.upperBound), as in 5% or 0.5%"
        guard let text = text(allowed: allowed) else { return nil }
        guard let share = Share(text: text) else {
            fault("is '\(text.prefix(40))', not a percentage", allowed: allowed)
            return nil
        }
        guard text.hasSuffix("%") else {
            fault("is \(text), without its '%'", allowed: allowed, nearest: "\(text)%")
            return nil
        }
        guard range.contains(share) else {
            let side = share < range.lowerBound ? "little" : "much"
            fault("is \(share), which is too \(side)", allowed: allowed)
            return nil
        }
        return share
    }

    /// How many times as much, as in `1.5x`.
    func factor(_ range: ClosedRange<Int>) -> Double? {
        let allowed = "\(range.lowerBound)x to \(range.upperBound)x, as in 1.5x"
        guard let text = text(allowed: allowed) else { return nil }
        let digits = text.hasSuffix("x") ? text.dropLast() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber =
            (1...2).contains(parts.count)
            && parts.allSatisfy {
                (1...9).contains($0.utf8.count) && $0.utf8.allSatisfy(ManifestReader.isDigit)
            }
        guard isNumber, let factor = Double(digits) else {
            fault("is '\(text.prefix(40))', not a factor", allowed: allowed)
            return nil
        }
        guard text.hasSuffix("x") else {
            fault("is \(text), without its 'x'", allowed: allowed, nearest: "\(text)x")
            return nil
        }
        guard (Double(range.lowerBound)...Double(range.upperBound)).contains(factor) else {
            let side = factor < Double(range.lowerBound) ? "little" : "much"
            fault("is \(text), which is too \(side)", allowed: allowed)
            return nil
        }
        return factor
    }
}
