/// What one revision answered in one period of a rollout.
package struct RolloutEvidence: Sendable, Hashable {
    /// Invocations that failed or timed out.
    package var failed: Int
    /// The run times of those that completed: what fails early is not fast.
    package var runMicros: LatencySketch

    package init(failed: Int = 0, runMicros: LatencySketch = LatencySketch()) {
        self.failed = failed
        self.runMicros = runMicros
    }

    /// Invocations that completed, failed or timed out.
    package var answered: Int { failed + runMicros.count }

    /// The part of the answers that failed, 0 to 1; 0 when there are none.
    package var errorRate: Double { answered == 0 ? 0 : Double(failed) / Double(answered) }

    package mutating func add(failed hasFailed: Bool, runMicros micros: Int64) {
        if hasFailed { failed += 1 } else { runMicros.add(micros: micros) }
    }

    /// What came after `earlier`, which is an older state of the same counts.
    package func since(_ earlier: RolloutEvidence) -> RolloutEvidence {
        RolloutEvidence(
            failed: max(0, failed - earlier.failed),
            runMicros: runMicros.since(earlier.runMicros)
        )
    }
}
