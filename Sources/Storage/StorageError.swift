import GRDB

/// What kept a database from doing what it was asked.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    /// What the caller can do about it.
    package enum Code: String, Sendable {
        /// The disk has no room; it works again once there is some.
        case diskFull
        /// Another process holds a lock for longer than we wait.
        case busy
        /// The disk or the file system failed, or the file may not be read or written.
        case inputOutput
        /// The file is not one of ours, or is damaged.
        case corrupt
        /// What was to be written breaks a rule of the schema; trying again won't help.
        case refused
        /// The ledger or the registry was closed first.
        case closed
        /// The task that asked was cancelled.
        case cancelled
        /// A mistake of this module.
        case fault
    }

    package let code: Code
    /// For the person who must act: what was attempted, and SQLite's words for what went wrong.
    package let message: String
    /// SQLite's extended result code; 0 when SQLite had no part in it.
    package let sqliteCode: Int32

    package init(_ code: Code, _ message: String, sqliteCode: Int32 = 0) {
        self.code = code
        self.message = message
        self.sqliteCode = sqliteCode
    }

    /// From an extended result code of SQLite.
    init(sqliteCode: Int32, while attempt: String, message: String) {
        self.init(
            Code(sqliteCode: sqliteCode),
            "\(attempt): \(message) (SQLite code \(sqliteCode))",
            sqliteCode: sqliteCode
        )
    }

    init(_ error: any Error, while attempt: String) {
        switch error {
        case let error as StorageError: self = error
        case let error as DatabaseError:
            self.init(
                sqliteCode: error.extendedResultCode.rawValue,
                while: attempt,
                message: error.message ?? "no message"
            )
        case is CancellationError: self.init(.cancelled, "\(attempt): cancelled")
        default: self.init(.fault, "\(attempt): \(error)")
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension StorageError.Code {
    /// By the primary result code, the low 8 bits (https://sqlite.org/rescode.html).
    init(sqliteCode: Int32) {
        switch ResultCode(rawValue: sqliteCode & 0xff) {
        case .SQLITE_FULL: self = .diskFull
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH,
            .SQLITE_NOMEM:
            self = .inputOutput
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt
        case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH: self = .refused
        default: self = .fault
        }
    }
}
