import Functions
package import GatewayAPI

/// Schedules as a table.
package enum ScheduleText {
    /// A line for each of the next instants, the schedule itself on the first of them.
    package static func table(_ schedules: [ScheduleReport], now: Int64, paint: Paint) -> String {
        guard !schedules.isEmpty else {
            return "Nothing is scheduled. A schedule stands in function.yaml, under triggers.\n"
        }
        let columns = [
            Table.Column("NAME"), .init("FUNCTION"), .init("CRON"), .init("ZONE"),
            .init("MISSED"), .init("LAST"), .init("NEXT"), .init("IN"),
        ]
        return Table(columns, rows: schedules.flatMap { rows($0, now: now) }).text(paint: paint)
    }

    private static func rows(_ schedule: ScheduleReport, now: Int64) -> [[String]] {
        let last = schedule.lastAtMicros.map { Units.age(ofMicros: $0, now: now) } ?? "never"
        let own = [
            schedule.name, schedule.function, schedule.cron, schedule.zone,
            schedule.missed.rawValue, last,
        ]
        guard !schedule.next.isEmpty else { return [own + ["never", ""]] }
        return schedule.next.indices.map { index in
            let local = index < schedule.nextLocal.count ? schedule.nextLocal[index] : ""
            let next = [local, Units.ahead(toMicros: schedule.next[index], now: now)]
            return (index == 0 ? own : own.map { _ in "" }) + next
        }
    }
}
