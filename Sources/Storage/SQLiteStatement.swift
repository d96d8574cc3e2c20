import Functions
import GRDBSQLite

/// A prepared statement, used by one thread at a time: bind, run, read.
///
/// Binding through SQLite's own interface is most of a row's cost; see LEDGER.md. Text and bytes
/// are copied by SQLite, so a binding may outlive what it was made of.
final class SQLiteStatement {
    let statement: OpaquePointer
    private let text: String

    init(_ text: String, on database: OpaquePointer) throws(StorageError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(
            database,
            text,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &prepared,
            nil
        )
        guard let prepared, code == SQLITE_OK else {
            throw StorageError(
                sqliteCode: code,
                while: "preparing `\(text)`",
                message: String(cString: sqlite3_errmsg(database))
            )
        }
        statement = prepared
        self.text = text
    }

    deinit { sqlite3_finalize(statement) }

    /// Runs a statement that gives no rows.
    /// - Returns: rows that it changed.
    @discardableResult
    func run(_ bind: (SQLiteStatement) -> Void = { _ in }) throws(StorageError) -> Int {
        bind(self)
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure(code) }
        return Int(sqlite3_changes(sqlite3_db_handle(statement)))
    }

    /// Runs a query and hands each row to `row`.
    func rows(
        _ bind: (SQLiteStatement) -> Void = { _ in },
        _ row: (SQLiteStatement) -> Void
    ) throws(StorageError) {
        bind(self)
        defer { sqlite3_reset(statement) }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure(code) }
            row(self)
        }
    }

    /// The first column of the first row; nil where there is none.
    func integer(_ bind: (SQLiteStatement) -> Void = { _ in }) throws(StorageError) -> Int64? {
        var value: Int64?
        try rows(bind) { if value == nil { value = $0.integerOrNil(0) } }
        return value
    }

    private func failure(_ code: Int32) -> StorageError {
        StorageError(
            sqliteCode: code,
            while: "`\(text)`",
            message: String(cString: sqlite3_errmsg(sqlite3_db_handle(statement)))
        )
    }
}

// Binding; parameters count from 1.
extension SQLiteStatement {
    func bind(_ place: Int32, _ value: Int64) { sqlite3_bind_int64(statement, place, value) }

    func bind(_ place: Int32, _ value: Int64?) {
        if let value { bind(place, value) } else { sqlite3_bind_null(statement, place) }
    }

    func bind(_ place: Int32, _ text: String?) {
        guard var text else {
            sqlite3_bind_null(statement, place)
            return
        }
        text.withUTF8 { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text(statement, place, $0.baseAddress, Int32($0.count), Self.copied)
            }
        }
    }

    func bind(_ place: Int32, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else {
            sqlite3_bind_zeroblob(statement, place, 0)
            return
        }
        bytes.withUnsafeBytes {
            _ = sqlite3_bind_blob(statement, place, $0.baseAddress, Int32($0.count), Self.copied)
        }
    }

    func bind(_ place: Int32, _ id: InvocationID) {
        var bytes = (id.high.bigEndian, id.low.bigEndian)
        withUnsafeBytes(of: &bytes) {
            _ = sqlite3_bind_blob(statement, place, $0.baseAddress, 16, Self.copied)
        }
    }

    /// `SQLITE_TRANSIENT`, which is a cast that Swift does not import.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

// Reading; columns count from 0.
extension SQLiteStatement {
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func integerOrNil(_ column: Int32) -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
    }

    func text(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func id(_ column: Int32) -> InvocationID {
        guard let bytes = sqlite3_column_blob(statement, column),
            sqlite3_column_bytes(statement, column) == 16
        else { return InvocationID(high: 0, low: 0) }
        return InvocationID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}
