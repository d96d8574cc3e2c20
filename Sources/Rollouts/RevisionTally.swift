import Synchronization

/// Counts what one revision answers, from any thread: no lock, no allocation.
///
/// It only grows: a period's evidence is what came since the snapshot at its begin.
package final class RevisionTally: Sendable {
    private let failed = Atomic<Int>(0)
    private let counts = InlineArray<528, Atomic<UInt32>> { _ in Atomic(0) }

    package init() {}

    /// Notes an answer: one that failed or timed out has failed.
    ///
    /// What was cancelled or rejected says nothing about the revision and isn't to be noted.
    package func record(failed hasFailed: Bool, runMicros: Int64) {
        if hasFailed {
            failed.wrappingAdd(1, ordering: .relaxed)
        } else {
            counts[LatencySketch.bucket(of: runMicros)].wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Answers that are noted meanwhile may be in it or not.
    package func snapshot() -> RolloutEvidence {
        RolloutEvidence(
            failed: failed.load(ordering: .relaxed),
            runMicros: LatencySketch(
                counts: (0..<LatencySketch.bucketsCount).map {
                    counts[$0].load(ordering: .relaxed)
                }
            )
        )
    }
}
