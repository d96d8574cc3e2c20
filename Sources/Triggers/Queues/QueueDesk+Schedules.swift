import Functions
import GatewayAPI
import Logging
import Storage

/// Names a schedule: functions may use the same names.
struct ScheduleKey: Hashable {
    var function: FunctionName
    var name: String
}

/// A schedule that runs.
struct ScheduleEntry {
    var trigger: ScheduleTrigger
    var expression: CronExpression
    var zone: Zone
    /// The number of the queue that its ticks go to.
    var queue: Int64
    /// Microseconds since 1970 UTC.
    var lastAt: Int64
    var nextAt: Int64?

    func tick(after micros: Int64) -> Int64? {
        expression.next(after: micros) { zone.offset(atSeconds: $0) }
    }

    func latest(notAfter micros: Int64) -> Int64? {
        expression.latest(after: lastAt, notAfter: micros) { zone.offset(atSeconds: $0) }
    }
}

extension QueueDesk {
    /// - Returns: the number of the queue that its ticks go to.
    func bind(
        _ trigger: ScheduleTrigger,
        of function: BoundFunction,
        isRestored: Bool,
        atMicros now: Int64
    ) throws(StorageError) -> Int64 {
        let key = ScheduleKey(function: function.name, name: trigger.name)
        let name = function.name.description
        let number = try number(
            of: QueueKey(.schedule, "\(name)/\(trigger.name)"),
            for: function.account
        )
        try attach(
            number,
            QueueConsumer.Plan(
                function: function.name,
                trigger: .schedule(trigger.name),
                // A tick waits for the one before it.
                capacity: 1,
                attempts: trigger.attempts,
                backoff: Backoff(),
                dead: try deadQueue(of: function)
            )
        )
        guard let expression = try? CronExpression(trigger.cron), let zone = Zone(trigger.zone)
        else {
            schedules[key] = nil
            logger.error(
                "a schedule cannot run: its expression or its zone is not known",
                metadata: ["schedule": "\(name)/\(trigger.name)"]
            )
            return number
        }
        let before = schedules[key]
        var lastAt = now
        if let before, before.trigger.cron == trigger.cron, before.trigger.zone == trigger.zone {
            lastAt = before.lastAt
        } else if isRestored {
            lastAt = try connection.lastTick(of: trigger.name, function: name) ?? now
        }
        if Self.isAhead(lastAt, of: now) { lastAt = now }
        try connection.setLastTick(lastAt, of: trigger.name, function: name)
        var entry = ScheduleEntry(
            trigger: trigger,
            expression: expression,
            zone: zone,
            queue: number,
            lastAt: lastAt
        )
        entry.nextAt = entry.tick(after: lastAt)
        schedules[key] = entry
        return number
    }

    /// The clock was set back by much: ticks of a time that has not come hold up none that are due.
    func clockWentBack(toMicros now: Int64) {
        for (key, entry) in schedules where Self.isAhead(entry.lastAt, of: now) {
            schedules[key]?.lastAt = now
            schedules[key]?.nextAt = entry.tick(after: now)
            logger.warning(
                "the clock was set back: a schedule goes on from now",
                metadata: ["schedule": "\(key.function)/\(key.name)"]
            )
        }
    }

    /// Whether a tick lies so far ahead that the clock must have been wrong, rather than adjusted.
    static func isAhead(_ tick: Int64, of now: Int64) -> Bool { tick > now + aheadMicrosMax }

    /// When the next tick is due.
    var nextTick: Int64? { schedules.values.compactMap(\.nextAt).min() }

    /// Ticks whose time has come become messages, each once: the message and the note that the
    /// tick has passed are one transaction.
    func fireSchedules(
        atMicros now: Int64,
        makeID: (Int64) -> InvocationID
    ) throws(StorageError) {
        for (key, entry) in schedules {
            guard let due = entry.nextAt, due <= now else { continue }
            let tick = entry.latest(notAfter: now) ?? due
            var passed = entry
            passed.lastAt = tick
            passed.nextAt = entry.tick(after: tick)
            try connection.setLastTick(tick, of: key.name, function: key.function.description)
            let waiting = queues[entry.queue]?.waiting ?? 0
            if waiting >= Self.ticksMax {
                logger.warning(
                    "a tick is left out: its function is slower than its schedule",
                    metadata: ["schedule": "\(key.function)/\(key.name)"]
                )
            } else if entry.trigger.missed == .once || now - tick < Self.lateMicrosMax {
                let text = Timestamp(micros: tick).description
                let headers = "content-type: \(MediaType.json)\nx-scheduled-at: \(text)"
                try connection.insert(
                    NewMessage(
                        id: makeID(now),
                        headers: Array(headers.utf8),
                        body: Array(entry.trigger.input.utf8)
                    ),
                    at: place(in: entry.queue)
                )
                after.append { [self] in
                    queues[entry.queue]?.waiting += 1
                    queues[entry.queue]?.counts.enqueued += 1
                    queues[entry.queue]?.consumer?.arrived()
                    active.insert(entry.queue)
                }
            }
            after.append { [self] in schedules[key] = passed }
        }
    }

    /// A clock that is set back by less makes no tick twice.
    private static let aheadMicrosMax: Int64 = 3_600_000_000
    /// Ticks of one schedule that wait for those before them.
    private static let ticksMax = 100
    /// A tick that is older counts as missed: the gateway was down, or the machine asleep.
    private static let lateMicrosMax: Int64 = 5_000_000
}
