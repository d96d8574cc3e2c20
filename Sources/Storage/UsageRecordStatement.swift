import Billing
import Functions
import GRDBSQLite

/// The prepared insertion of one usage record, and the memory that its texts are bound from.
///
/// Bindings outlive a reset, so that names which repeat from row to row are bound once; SQLite
/// is given pointers into memory that stays (`SQLITE_STATIC`), and so copies and allocates nothing.
final class UsageRecordStatement {
    private static let text: StaticString = """
        INSERT INTO usageRecord (
            id, function, revision, account, "trigger", startKind, outcome, acceptedAt, queueMicros,
            startMicros, runMicros, billedMillis, memoryMiB, gpuMemoryMiB, bytesIn, bytesOut,
            attempt, costNanos
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private let prepared: SQLiteStatement
    private let statement: OpaquePointer
    private let id: UnsafeMutableBufferPointer<UInt8>
    private let function = BoundText()
    private let revision = BoundText()
    private let account = BoundText()
    private let trigger = BoundText()

    init(on database: OpaquePointer) throws(StorageError) {
        prepared = try SQLiteStatement(Self.text, on: database)
        statement = prepared.statement
        id = .allocate(capacity: 36)
        id.initialize(repeating: 0)
    }

    deinit { id.deallocate() }

    /// Runs the insertion.
    /// - Returns: `SQLITE_DONE`, or SQLite's extended result code.
    func insert(_ record: UsageRecord) -> Int32 {
        bindTexts(record)
        bindNumbers(record)
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        return code
    }

    private func bindTexts(_ record: UsageRecord) {
        record.id.write(into: UnsafeMutableRawBufferPointer(id))
        bind(1, UnsafePointer(id.baseAddress), count: 36)
        function.bind(record.function, at: 2, of: statement)
        revision.bind(record.revision, at: 3, of: statement)
        account.bind(record.account, at: 4, of: statement)
        switch record.trigger {
        case .http: bindTrigger("http")
        case .async: bindTrigger("async")
        case .probe: bindTrigger("probe")
        case .queue, .schedule: trigger.bind(record.trigger.description, at: 5, of: statement)
        }
        bind(6, Self.text(record.startKind))
        bind(7, Self.text(record.outcome))
    }

    private func bindNumbers(_ record: UsageRecord) {
        sqlite3_bind_int64(statement, 8, record.acceptedAtMicros)
        sqlite3_bind_int64(statement, 9, record.queueMicros)
        sqlite3_bind_int64(statement, 10, record.startMicros)
        sqlite3_bind_int64(statement, 11, record.runMicros)
        sqlite3_bind_int64(statement, 12, record.billedMillis)
        sqlite3_bind_int64(statement, 13, Int64(record.memoryMiB))
        sqlite3_bind_int64(statement, 14, Int64(record.gpuMemoryMiB))
        sqlite3_bind_int64(statement, 15, record.bytesIn)
        sqlite3_bind_int64(statement, 16, record.bytesOut)
        sqlite3_bind_int64(statement, 17, Int64(record.attempt))
        sqlite3_bind_int64(statement, 18, record.costNanos)
    }

    private func bindTrigger(_ text: StaticString) {
        trigger.forget()
        bind(5, text)
    }

    private func bind(_ column: Int32, _ text: StaticString) {
        bind(column, text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private func bind(_ column: Int32, _ bytes: UnsafePointer<UInt8>?, count: Int) {
        bytes?.withMemoryRebound(to: CChar.self, capacity: count) { characters in
            _ = sqlite3_bind_text(statement, column, characters, Int32(count), nil)
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
