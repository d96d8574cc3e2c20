extension LedgerMetrics {
    func write(_ text: inout PrometheusText) {
        text.begin(
            "faas_ledger_commit_seconds",
            .histogram,
            "Time of the ledger's transactions, by the thread that made them."
        )
        let bounds = Self.commitNanos.map { Double($0) / 1e9 }
        for (place, nanos) in [("caller", callerNanos), ("thread", threadNanos)] {
            let snapshot = nanos.snapshot
            text.histogram(
                ["place": place],
                bounds: bounds,
                counts: snapshot.counts,
                sum: Double(snapshot.sum) / 1e9
            )
        }
        text.begin(
            "faas_ledger_commit_rows",
            .histogram,
            "Usage records in one of its transactions."
        )
        let snapshot = rowsPerCommit.snapshot
        text.histogram(
            bounds: rowsPerCommit.bounds.map { Double($0) },
            counts: snapshot.counts,
            sum: Double(snapshot.sum)
        )
        text.begin("faas_ledger_rows_total", .counter, "Usage records made durable.")
        text.sample([:], Double(rows.value))
        text.begin(
            "faas_ledger_rows_refused_total",
            .counter,
            "Usage records that break a rule of the schema."
        )
        text.sample([:], Double(refusedRows.value))
        text.begin("faas_ledger_commit_failures_total", .counter, "Batches given up.")
        text.sample([:], Double(failures.value))
    }
}
