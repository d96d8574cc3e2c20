/// An instant in UTC as text: RFC 3339, or a bare day, which means its first instant.
package struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Since 1970 UTC.
    package var micros: Int64

    package init(micros: Int64) { self.micros = micros }

    /// Reads `2026-01-31`, `2026-01-31T12:00:00Z`, a fraction of up to 6 digits, and an offset such
    /// as `+01:00`; nil when `text` is anything else or no such day exists.
    package init?(_ text: String) {
        var scanner = DigitScanner(text)
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2),
            scanner.skip("-"), let day = scanner.digits(2)
        else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        guard Self.civil(days: days) == (year, month, day) else { return nil }
        var micros = Int64(days) * Self.dayMicros
        if !scanner.isAtEnd {
            guard scanner.skip("T") || scanner.skip(" "), let hour = scanner.digits(2), hour < 24,
                scanner.skip(":"), let minute = scanner.digits(2), minute < 60,
                scanner.skip(":"), let second = scanner.digits(2), second < 60
            else { return nil }
            micros += Int64(hour * 3600 + minute * 60 + second) * 1_000_000
            if scanner.skip(".") {
                guard let fraction = scanner.fraction(digitsMax: 6) else { return nil }
                micros += fraction
            }
            guard let offset = scanner.offsetMinutes() else { return nil }
            micros -= Int64(offset) * 60_000_000
        }
        guard scanner.isAtEnd else { return nil }
        self.micros = micros
    }

    /// `2026-01-31T12:00:00.123456Z`, without a fraction that is zero.
    package var description: String { text(offsetMinutes: 0) }

    /// As clocks show it that are `offsetMinutes` before UTC: `2026-01-31T13:00:00+01:00`.
    package func text(offsetMinutes: Int) -> String {
        let micros = micros + Int64(offsetMinutes) * 60_000_000
        let days = Int((Double(micros) / Double(Self.dayMicros)).rounded(.down))
        let (year, month, dayOfMonth) = Self.civil(days: days)
        let rest = micros - Int64(days) * Self.dayMicros
        let seconds = rest / 1_000_000
        let fraction = rest % 1_000_000
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60]
            .map { Self.padded($0, 2) }.joined(separator: ":")
        return "\(Self.padded(Int64(year), 4))-\(Self.padded(Int64(month), 2))-"
            + "\(Self.padded(Int64(dayOfMonth), 2))T\(time)"
            + (fraction == 0 ? "" : ".\(Self.padded(fraction, 6))")
            + Self.offset(minutes: offsetMinutes)
    }

    private static func offset(minutes: Int) -> String {
        guard minutes != 0 else { return "Z" }
        let magnitude = Int64(minutes.magnitude)
        let sign = minutes < 0 ? "-" : "+"
        return "\(sign)\(padded(magnitude / 60, 2)):\(padded(magnitude % 60, 2))"
    }

    /// `2026-01-31`: the day in UTC.
    package var day: String { String(description.prefix(10)) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.micros < right.micros
    }

    private static let dayMicros: Int64 = 86_400_000_000

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar, for years from 0.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }
}
