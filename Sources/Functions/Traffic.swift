/// How invocations of a function are divided among its revisions.
package struct Traffic: Sendable, Hashable, Codable {
    /// What one revision gets.
    package struct Part: Sendable, Hashable, Codable {
        package var number: Int
        /// With none it serves only what asks for it by its number.
        package var share: Share

        package init(number: Int, share: Share) {
            self.number = number
            self.share = share
        }
    }

    /// Newest first; the shares make a whole.
    package private(set) var parts: [Part]
    /// A rollout that is under way.
    package var rollout: Rollout?
    /// The last time that a new revision was taken off the traffic because it was worse.
    package var fallback: Fallback?
    /// The primary revisions that it came by, the latest last; nil where that was not noted.
    package private(set) var earlier: [Int]?

    /// Nil unless there is a part, each number is there once, and the shares make a whole.
    package init?(parts: [Part], rollout: Rollout? = nil, fallback: Fallback? = nil) {
        let numbers = Set(parts.map(\.number))
        let sum = parts.reduce(0) { $0 + $1.share.basisPoints }
        guard numbers.count == parts.count, sum == Share.all.basisPoints else { return nil }
        self.parts = parts.sorted { $0.number > $1.number }
        self.rollout = rollout
        self.fallback = fallback
    }

    /// All to one revision.
    package init(whole number: Int, fallback: Fallback? = nil) {
        parts = [Part(number: number, share: .all)]
        self.fallback = fallback
    }

    /// The two revisions of a rollout at the share of one of its steps.
    package init(rollout: Rollout, share: Share, fallback: Fallback? = nil) {
        parts = [
            Part(number: rollout.candidate, share: share),
            Part(
                number: rollout.baseline,
                share: Share(Share.all.basisPoints - share.basisPoints)
            ),
        ].sorted { $0.number > $1.number }
        self.rollout = rollout
        self.fallback = fallback
    }

    /// The revision that others are measured by: a rollout's old one, or that with the most.
    package var primary: Int {
        if let rollout { return rollout.baseline }
        return parts.max { ($0.share, $0.number) < ($1.share, $1.number) }?.number ?? 0
    }

    /// The same, with the way back from it: what was primary in `before`, or on the way back from
    /// there.
    ///
    /// What was never primary, such as a new revision that was worse, is not on it.
    package func following(_ before: Traffic) -> Traffic {
        var next = self
        if primary > before.primary {
            let way = (before.earlier ?? []) + [before.primary]
            next.earlier = Array(way.suffix(Self.earlierMax))
        } else {
            next.earlier = before.earlier?.filter { $0 < primary }
        }
        return next
    }

    /// Takes traffic by chance though it is newer than the primary revision.
    package var hasNewer: Bool {
        parts.contains { $0.number > primary && $0.share > .none }
    }

    /// Steps of the way back that are remembered.
    package static let earlierMax = 10
}

extension Traffic {
    /// A new revision on its way to all of the traffic.
    package struct Rollout: Sendable, Hashable, Codable {
        package var candidate: Int
        package var baseline: Int
        /// From 0, the canary.
        package var step: Int
        /// When the step began, in microseconds since 1970 UTC.
        package var beganAtMicros: Int64

        package init(candidate: Int, baseline: Int, step: Int, beganAtMicros: Int64) {
            self.candidate = candidate
            self.baseline = baseline
            self.step = step
            self.beganAtMicros = beganAtMicros
        }
    }

    /// A new revision that was taken off the traffic.
    package struct Fallback: Sendable, Hashable, Codable {
        package var from: Int
        package var to: Int
        /// The bundle of the one that was taken off; empty when not known.
        package var digest: String
        /// A sentence for the one who deployed it.
        package var reason: String
        /// Microseconds since 1970 UTC.
        package var atMicros: Int64

        package init(from: Int, to: Int, digest: String = "", reason: String, atMicros: Int64) {
            self.from = from
            self.to = to
            self.digest = digest
            self.reason = reason
            self.atMicros = atMicros
        }
    }
}
