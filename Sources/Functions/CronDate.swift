/// A day of the Gregorian calendar, without a zone.
struct CronDate: Sendable, Hashable {
    let year: Int64
    let month: Int
    let day: Int

    /// The day that lies `days` after 1 January 1970.
    ///
    /// The algorithm counts in years that begin in March, so that the leap day is the last one:
    /// https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var isLastOfMonth: Bool { day == Self.length(ofMonth: month, isLeap: isLeap) }

    private var isLeap: Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    static func length(ofMonth month: Int, isLeap: Bool) -> Int {
        switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 0 is Sunday; 1 January 1970 was a Thursday.
    static func weekday(daysSince1970 days: Int64) -> Int {
        Int(days + 4 - floorDivide(days + 4, 7) * 7)
    }
}

/// Rounds down, for instants before 1970 too.
func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
