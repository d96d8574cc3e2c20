import Functions
import GatewayAPI

/// One value of each wire type of queues and schedules, with every member present.
enum EventSamples {
    static let id = "018f2c6e-4d3a-7abc-8def-0123456789ab"

    static let queue = QueueReport(
        name: "patients",
        function: "diabetes",
        source: "embedded",
        ready: 5,
        delayed: 2,
        inFlight: 1,
        dead: 3,
        deadQueue: "patients-dead",
        oldestAgeMillis: 1500,
        enqueued: 100,
        completed: 90,
        retried: 4,
        deadLettered: 3,
        perSecond: 12.5,
        lastError: "disk full"
    )

    static let letter = DeadLetter(
        id: id,
        queue: "patients",
        function: "diabetes",
        enqueuedAtMicros: 1,
        diedAtMicros: 2,
        attempts: 5,
        reason: DeadLetter.Reason(code: "handlerRaised", detail: "ValueError: no"),
        contentType: "application/json",
        bytes: 2,
        preview: "{}"
    )

    static let schedule = ScheduleReport(
        name: "every-five",
        function: "diabetes",
        cron: "*/5 * * * *",
        zone: "Europe/Stockholm",
        missed: .once,
        lastAtMicros: 1_769_860_500_000_000,
        next: [1_769_860_800_000_000, 1_774_746_000_000_000],
        offsetsMinutes: [60, 120]
    )

    /// Each under the name of its schema.
    static func all() -> [(schema: String, value: any Codable & Hashable)] {
        [
            ("CallReceipt", CallReceipt(id: id)), ("QueueList", QueueList(queues: [queue])),
            ("SendReceipt", SendReceipt(ids: [id, id], duplicates: 1)), ("QueueReport", queue),
            ("QueueChange", QueueChange(moved: 1, removed: 2)), ("DeadLetter", letter),
            ("DeadLetterList", DeadLetterList(letters: [letter], more: true)),
            ("DeadLetterReason", letter.reason), ("ScheduleReport", schedule),
            ("ScheduleList", ScheduleList(schedules: [schedule])),
        ]
    }
}
