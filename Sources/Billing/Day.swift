/// A day of the proleptic Gregorian calendar in UTC, by its distance from 1970-01-01.
package struct Day: Sendable, Hashable, CustomStringConvertible {
    package static let micros: Int64 = 86_400_000_000

    package let since1970: Int64

    package init(since1970: Int64) { self.since1970 = since1970 }

    /// The day that an instant, in microseconds since 1970 UTC, falls on.
    package init(containingMicros micros: Int64) {
        let remainder = micros % Self.micros
        since1970 = micros / Self.micros - (remainder < 0 ? 1 : 0)
    }

    /// `2026-01-31`.
    ///
    /// Counts in years that begin in March, so that the leap day comes last: the algorithm
    /// `civil_from_days` of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    package var description: String {
        let shifted = since1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
    }

    private func padded(_ number: Int64, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
