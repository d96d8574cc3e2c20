package import Storage

/// What the ledger's commits took, since the gateway started.
///
/// Callable from any thread. Feed it from the writer: `LedgerWriter(ledger, deliver: …, observe:
/// metrics.record)`.
package final class LedgerMetrics: Sendable {
    /// Upper bounds of commit times, in nanoseconds.
    static let commitNanos: [UInt64] = [
        10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 1_000_000_000,
    ]
    /// Upper bounds of rows in one commit.
    static let commitRows: [UInt64] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1_024, 4_096, 16_384]

    let callerNanos = BucketCounts(bounds: commitNanos)
    let threadNanos = BucketCounts(bounds: commitNanos)
    let rowsPerCommit = BucketCounts(bounds: commitRows)
    let rows = Counter()
    let refusedRows = Counter()
    let failures = Counter()

    package init() {}

    /// Takes note of a batch that was committed or given up.
    @Sendable
    package func record(_ commit: LedgerCommit) {
        record(
            rows: commit.rows,
            refused: commit.refused,
            nanos: commit.nanos,
            place: commit.place,
            hasFailed: commit.failure != nil
        )
    }

    /// As `record(_:)`; the `rows` do not include those `refused`.
    package func record(
        rows: Int,
        refused: Int,
        nanos: Int64,
        place: LedgerCommit.Place,
        hasFailed: Bool
    ) {
        let rowCount = UInt64(max(0, rows))
        refusedRows.add(UInt64(max(0, refused)))
        guard !hasFailed else { return failures.add(1) }
        (place == .caller ? callerNanos : threadNanos).record(UInt64(max(0, nanos)))
        rowsPerCommit.record(rowCount)
        self.rows.add(rowCount)
    }
}
