package import Functions

/// The answer to `GET /v1/schedules`.
package struct ScheduleList: Sendable, Hashable, Codable {
    package var schedules: [ScheduleReport]

    package init(schedules: [ScheduleReport]) { self.schedules = schedules }
}

/// One schedule of a function, and when it invokes next.
package struct ScheduleReport: Sendable, Hashable, Codable {
    /// How many of the next instants are told.
    package static let nextCount = 5

    package var name: String
    package var function: String
    /// As in the manifest.
    package var cron: String
    /// A name of the time zone database.
    package var zone: String
    package var missed: ScheduleTrigger.Missed
    /// The last tick that was enqueued, since 1970 UTC; nil before the first.
    package var lastAtMicros: Int64?
    /// Since 1970 UTC, soonest first.
    package var next: [Int64]
    /// The same instants as they read in the schedule's zone: `2026-01-31T13:00:00+01:00`.
    package var nextLocal: [String]

    /// `offsetsMinutes` has the zone's offset from UTC, to the east, at each of `next`; one that is
    /// missing is 0.
    package init(
        name: String,
        function: String,
        cron: String,
        zone: String,
        missed: ScheduleTrigger.Missed,
        lastAtMicros: Int64?,
        next: [Int64],
        offsetsMinutes: [Int] = []
    ) {
        self.name = name
        self.function = function
        self.cron = cron
        self.zone = zone
        self.missed = missed
        self.lastAtMicros = lastAtMicros
        self.next = next
        self.nextLocal = next.enumerated().map { index, micros in
            let offset = index < offsetsMinutes.count ? offsetsMinutes[index] : 0
            return Timestamp(micros: micros).text(offsetMinutes: offset)
        }
    }
}
