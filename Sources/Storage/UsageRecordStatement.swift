import Billing
import Functions
import GRDBSQLite

/// The prepared insertion of a number of usage records, and the memory that it reads texts from.
///
/// Bindings outlive a run, so that names which repeat are bound once; SQLite is given pointers into
/// memory that stays (`SQLITE_STATIC`), and so copies and allocates nothing.
final class UsageRecordStatement {
    private static let columns = [
        "id", "function", "revision", "account", #""trigger""#, "startKind", "outcome",
        "acceptedAt", "queueMicros", "startMicros", "runMicros", "billedMillis", "memoryMiB",
        "gpuMemoryMiB", "bytesIn", "bytesOut", "attempt", "costNanos",
    ]

    /// How many records a run inserts: all of them, or none.
    let recordCount: Int
    private let prepared: SQLiteStatement
    private let rows: [UsageRecordParameters]

    init(recordCount: Int, on database: OpaquePointer) throws(StorageError) {
        self.recordCount = recordCount
        let row = "(\(Self.columns.map { _ in "?" }.joined(separator: ", ")))"
        let values = Array(repeating: row, count: recordCount).joined(separator: ", ")
        let names = Self.columns.joined(separator: ", ")
        let text = "INSERT INTO usageRecord (\(names)) VALUES \(values)"
        let prepared = try SQLiteStatement(text, on: database)
        self.prepared = prepared
        rows = (0..<recordCount).map { row in
            UsageRecordParameters(of: prepared.statement, after: Int32(row * Self.columns.count))
        }
    }

    /// Inserts `recordCount` records.
    /// - Returns: `SQLITE_DONE`, or SQLite's extended result code.
    func insert(_ records: ArraySlice<UsageRecord>) -> Int32 {
        for (row, record) in zip(rows, records) { row.bind(record) }
        let code = sqlite3_step(prepared.statement)
        sqlite3_reset(prepared.statement)
        return code
    }
}

/// The parameters of one record, in the order of the statement's columns.
private final class UsageRecordParameters {
    private let statement: OpaquePointer
    /// How many parameters come before these.
    private let start: Int32
    private let id: UnsafeMutableBufferPointer<UInt8>
    private let function = BoundText()
    private let revision = BoundText()
    private let account = BoundText()
    private let trigger = BoundText()

    init(of statement: OpaquePointer, after start: Int32) {
        self.statement = statement
        self.start = start
        id = .allocate(capacity: InvocationID.byteCount)
        id.initialize(repeating: 0)
    }

    deinit { id.deallocate() }

    func bind(_ record: UsageRecord) {
        record.id.write(into: UnsafeMutableRawBufferPointer(id))
        bind(1, UnsafePointer(id.baseAddress), count: id.count)
        function.bind(record.function, at: start + 2, of: statement)
        revision.bind(record.revision, at: start + 3, of: statement)
        account.bind(record.account, at: start + 4, of: statement)
        bind(record.trigger)
        bind(6, Self.text(record.startKind))
        bind(7, Self.text(record.outcome))
        bind(8, record.acceptedAtMicros)
        bind(9, record.queueMicros)
        bind(10, record.startMicros)
        bind(11, record.runMicros)
        bind(12, record.billedMillis)
        bind(13, Int64(record.memoryMiB))
        bind(14, Int64(record.gpuMemoryMiB))
        bind(15, record.bytesIn)
        bind(16, record.bytesOut)
        bind(17, Int64(record.attempt))
        bind(18, record.costNanos)
    }

    private func bind(_ trigger: Trigger) {
        let text: StaticString
        switch trigger {
        case .http: text = "http"
        case .async: text = "async"
        case .probe: text = "probe"
        case .queue, .schedule:
            return self.trigger.bind(trigger.description, at: start + 5, of: statement)
        }
        self.trigger.forget()
        bind(5, text)
    }

    private func bind(_ column: Int32, _ number: Int64) {
        sqlite3_bind_int64(statement, start + column, number)
    }

    private func bind(_ column: Int32, _ text: StaticString) {
        bind(column, text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private func bind(_ column: Int32, _ bytes: UnsafePointer<UInt8>?, count: Int) {
        bytes?.withMemoryRebound(to: CChar.self, capacity: count) { characters in
            _ = sqlite3_bind_text(statement, start + column, characters, Int32(count), nil)
        }
    }

    private static func text(_ startKind: StartKind) -> StaticString {
        switch startKind {
        case .warm: "warm"
        case .fork: "fork"
        case .resume: "resume"
        case .cold: "cold"
        }
    }

    private static func text(_ outcome: Outcome) -> StaticString {
        switch outcome {
        case .completed: "completed"
        case .failed: "failed"
        case .timedOut: "timedOut"
        case .cancelled: "cancelled"
        case .rejected: "rejected"
        }
    }
}

/// One text parameter: what it is bound to, in memory that SQLite may read until the next binding.
private final class BoundText {
    private var text: String?
    private var bytes: UnsafeMutableBufferPointer<UInt8> = .allocate(capacity: 64)

    deinit { bytes.deallocate() }

    /// Another binding has taken this parameter.
    func forget() { text = nil }

    func bind(_ text: String, at column: Int32, of statement: OpaquePointer) {
        // Equal names from the pool share their storage, so that this compares pointers.
        guard text != self.text else { return }
        self.text = text
        let count = text.utf8.count
        if count > bytes.count {
            bytes.deallocate()
            bytes = .allocate(capacity: count)
        }
        _ = bytes.initialize(from: text.utf8)
        bytes.withMemoryRebound(to: CChar.self) { characters in
            _ = sqlite3_bind_text(statement, column, characters.baseAddress, Int32(count), nil)
        }
    }
}
