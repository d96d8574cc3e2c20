/// Which seconds of a calendar without zones and clock changes a schedule names.
///
/// Seconds are counted from 1 January 1970, 00:00 of the local clock.
struct CronRule: Sendable, Hashable {
    static let secondsPerDay: Int64 = 86_400

    private let seconds: CronSet
    private let minutes: CronSet
    private let hours: CronSet
    private let days: CronSet
    private let months: CronSet
    private let weekdays: CronSet
    private let hasLastDay: Bool
    /// Day and weekday are both restricted: either is enough.
    private let isEitherDay: Bool
    /// The hour is `*` or has a step: hours that the clock shows twice count twice.
    let isHourWild: Bool

    /// `fields` are six, seconds first.
    init(_ fields: [Substring]) throws(CronError) {
        let second = try CronFieldReader(fields[0], .second)
        let minute = try CronFieldReader(fields[1], .minute)
        let hour = try CronFieldReader(fields[2], .hour)
        let day = try CronFieldReader(fields[3], .day)
        let month = try CronFieldReader(fields[4], .month)
        let weekday = try CronFieldReader(fields[5], .weekday)
        seconds = second.values
        minutes = minute.values
        hours = hour.values
        days = day.values
        months = month.values
        weekdays = weekday.values
        hasLastDay = day.hasLast
        isEitherDay = !day.hasStar && !weekday.hasStar
        isHourWild = hour.hasStar || hour.hasStep
        guard isPossible else {
            throw CronError(
                "is never due: no month that it names has such a day",
                field: .day,
                allowed: "up to 29 in February, 30 in April, June, September and November, "
                    + "31 in the others",
                found: String(fields[3])
            )
        }
    }

    /// The first second from `start` to `end` that is named.
    func first(from start: Int64, upTo end: Int64) -> Int64? {
        guard start <= end else { return nil }
        var day = floorDivide(start, Self.secondsPerDay)
        var time = Int(start - day * Self.secondsPerDay)
        while day * Self.secondsPerDay <= end {
            if names(day: day), let second = firstTime(from: time) {
                let found = day * Self.secondsPerDay + Int64(second)
                return found <= end ? found : nil
            }
            day += 1
            time = 0
        }
        return nil
    }

    /// The last second from `start` to `end` that is named.
    func last(upTo end: Int64, from start: Int64) -> Int64? {
        var day = floorDivide(end, Self.secondsPerDay)
        var time = Int(end - day * Self.secondsPerDay)
        while (day + 1) * Self.secondsPerDay > start {
            if names(day: day), let second = lastTime(upTo: time) {
                let found = day * Self.secondsPerDay + Int64(second)
                return found >= start ? found : nil
            }
            day -= 1
            time = Int(Self.secondsPerDay) - 1
        }
        return nil
    }

    /// Whether any month has a day that is named; a weekday is in each.
    private var isPossible: Bool {
        if isEitherDay || hasLastDay { return true }
        return (1...12).contains { month in
            let length = CronDate.length(ofMonth: month, isLeap: true)
            return months.contains(month) && (1...length).contains(where: days.contains)
        }
    }

    private func names(day: Int64) -> Bool {
        let date = CronDate(daysSince1970: day)
        guard months.contains(date.month) else { return false }
        let isDay = days.contains(date.day) || hasLastDay && date.isLastOfMonth
        let isWeekday = weekdays.contains(CronDate.weekday(daysSince1970: day))
        return isEitherDay ? isDay || isWeekday : isDay && isWeekday
    }

    /// The first named time of a day, in seconds, that is not before `time`.
    private func firstTime(from time: Int) -> Int? {
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
        if hours.contains(hour) {
            if minutes.contains(minute), let second = seconds.first(from: second) {
                return hour * 3600 + minute * 60 + second
            }
            if let minute = minutes.first(from: minute + 1) {
                return hour * 3600 + minute * 60 + (seconds.first(from: 0) ?? 0)
            }
        }
        guard let hour = hours.first(from: hour + 1), let minute = minutes.first(from: 0),
            let second = seconds.first(from: 0)
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// The last named time of a day, in seconds, that is not after `time`.
    private func lastTime(upTo time: Int) -> Int? {
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
        if hours.contains(hour) {
            if minutes.contains(minute), let second = seconds.last(upTo: second) {
                return hour * 3600 + minute * 60 + second
            }
            if let minute = minutes.last(upTo: minute - 1) {
                return hour * 3600 + minute * 60 + (seconds.last(upTo: 59) ?? 0)
            }
        }
        guard let hour = hours.last(upTo: hour - 1), let minute = minutes.last(upTo: 59),
            let second = seconds.last(upTo: 59)
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }
}
