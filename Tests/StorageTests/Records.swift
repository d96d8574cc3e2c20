import Billing
import Functions
import GRDB
import Storage

/// 2026-01-30 00:00 UTC, in microseconds since 1970.
let day: Int64 = 20_483 * 86_400_000_000

/// A record with a fresh id, accepted `micros` after the start of `day`.
func makeRecord(
    at micros: Int64 = 0,
    function: String = "echo",
    number: Int = 1,
    account: String = "local",
    trigger: Trigger = .http,
    outcome: Outcome = .completed,
    runMicros: Int64 = 1_500
) -> UsageRecord {
    UsageRecord(
        id: InvocationID(
            acceptedAtMicros: day + micros,
            random: .random(in: .min ... .max)
        ),
        function: function,
        revision: "\(function)-\(number)",
        account: account,
        trigger: trigger,
        startKind: .warm,
        outcome: outcome,
        acceptedAtMicros: day + micros,
        queueMicros: 3,
        startMicros: 12,
        runMicros: runMicros,
        memoryMiB: 512,
        bytesIn: 10,
        bytesOut: 20,
        prices: Prices(nanosPerInvocation: 100, nanosPerGiBSecond: 1_000_000)
    )
}

extension UsageRecord {
    /// The same invocation once more.
    func retried(attempt: Int32, laterMicros: Int64 = 1_000_000) -> UsageRecord {
        var record = self
        record.attempt = attempt
        record.acceptedAtMicros += laterMicros
        return record
    }
}

extension Ledger {
    /// Writes the records as one batch.
    func write(_ records: [UsageRecord]) throws {
        let refusals = try connect().commit(records)
        if let refusal = refusals.first { throw refusal.error }
    }

    /// Every record in the file.
    func all() async throws -> [UsageRecord] { try await records(LedgerQuery()).records }
}
