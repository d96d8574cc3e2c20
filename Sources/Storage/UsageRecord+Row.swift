import Billing
import Functions
import GRDB

extension UsageRecord {
    /// All columns, in the order of `init(_:)`.
    static let columns = """
        id, function, revision, account, "trigger", startKind, outcome, attempt, acceptedAt,
        queueMicros, startMicros, runMicros, billedMillis, memoryMiB, gpuMemoryMiB, bytesIn,
        bytesOut, costNanos
        """

    /// Reads a row of `columns`; throws when the file holds what the schema does not allow.
    init(_ row: Row) throws(StorageError) {
        guard let id = InvocationID(row[0] as String),
            let trigger = Trigger(row[4] as String),
            let startKind = StartKind(rawValue: row[5]),
            let outcome = Outcome(rawValue: row[6])
        else { throw StorageError(.corrupt, "a usage record cannot be read: \(row)") }
        self.init(
            id: id,
            function: row[1],
            revision: row[2],
            account: row[3],
            trigger: trigger,
            startKind: startKind,
            outcome: outcome,
            attempt: row[7],
            acceptedAtMicros: row[8],
            queueMicros: row[9],
            startMicros: row[10],
            runMicros: row[11],
            memoryMiB: row[13],
            gpuMemoryMiB: row[14],
            bytesIn: row[15],
            bytesOut: row[16],
            prices: Prices()
        )
        // What was charged then, not what it would cost now.
        billedMillis = row[12]
        costNanos = row[17]
    }
}

extension Trigger {
    /// From the column's text; nil for anything that `description` does not give.
    init?(_ text: String) {
        switch text {
        case "http": self = .http
        case "async": self = .async
        case "probe": self = .probe
        default:
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "queue": self = .queue(String(parts[1]))
            case "schedule": self = .schedule(String(parts[1]))
            default: return nil
            }
        }
    }
}
