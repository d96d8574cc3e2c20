import Functions
package import GRDB

/// Which usage records are meant.
///
/// An attempt belongs to the time at which its invocation was accepted, which its id begins with:
/// all attempts of an invocation fall into the same range, and a range of time is a range of the
/// primary key.
package struct LedgerQuery: Sendable, Hashable {
    /// Microseconds since 1970 UTC, inclusive.
    package var fromMicros: Int64
    /// Microseconds since 1970 UTC, exclusive.
    package var toMicros: Int64
    /// Nil for all.
    package var account: String?
    /// Nil for all.
    package var function: String?

    package init(
        fromMicros: Int64 = 0,
        toMicros: Int64 = Self.lastMicros,
        account: String? = nil,
        function: String? = nil
    ) {
        self.fromMicros = fromMicros
        self.toMicros = toMicros
        self.account = account
        self.function = function
    }

    /// Year 9999, well within the 48 bits of milliseconds that an id has.
    package static let lastMicros: Int64 = 253_402_300_799_999_999

    /// An SQL condition and its arguments.
    package var condition: (sql: String, arguments: StatementArguments) {
        var sql = "id >= ? AND id < ?"
        var arguments: StatementArguments = [Self.bound(fromMicros), Self.bound(toMicros)]
        if let account {
            sql += " AND account = ?"
            arguments += [account]
        }
        if let function {
            sql += " AND function = ?"
            arguments += [function]
        }
        return (sql, arguments)
    }

    /// The least id that an invocation accepted at this instant can have.
    private static func bound(_ micros: Int64) -> String {
        InvocationID(acceptedAtMicros: min(micros, lastMicros), random: 0).description
    }
}
