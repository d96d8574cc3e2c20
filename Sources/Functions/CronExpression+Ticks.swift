// A tick is a whole second. Where a zone's clock is put forward, the ticks that it skips become one
// at the first instant after the gap. Where it is put back, a time that it shows twice ticks both
// times if the hour is `*` or has a step, and otherwise the first time only.
extension CronExpression {
    /// How far ahead a tick is looked for, in seconds: five years.
    package static let horizonSeconds: Int64 = 5 * 366 * CronRule.secondsPerDay

    /// The years 1 to 9999, in seconds since 1970 UTC; ticks lie in them.
    private static let secondsKnown: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
    private static let microsPerSecond: Int64 = 1_000_000

    /// The first tick after an instant; nil when there is none within five years.
    ///
    /// Instants are in microseconds since 1970 UTC. `offset` tells a zone's seconds east of UTC at
    /// an instant in seconds since 1970 UTC.
    package func next(after micros: Int64, offset: (Int64) -> Int) -> Int64? {
        let second = floorDivide(micros, Self.microsPerSecond)
        guard Self.secondsKnown.contains(second) else { return nil }
        let tick =
            switch timing {
            case .every(let seconds): (floorDivide(second, seconds) + 1) * seconds
            case .calendar(let rule): Self.first(of: rule, after: second, offset)
            }
        return tick.map { $0 * Self.microsPerSecond }
    }

    /// The last tick after `start` and not after `end`; nil when there is none.
    ///
    /// It is looked for from the end, so it takes no longer after a long outage. Units are those of
    /// ``next(after:offset:)``.
    package func latest(
        after start: Int64,
        notAfter end: Int64,
        offset: (Int64) -> Int
    ) -> Int64? {
        let first = max(floorDivide(start, Self.microsPerSecond), Self.secondsKnown.lowerBound)
        let last = min(floorDivide(end, Self.microsPerSecond), Self.secondsKnown.upperBound)
        guard first < last else { return nil }
        let tick: Int64?
        switch timing {
        case .every(let seconds):
            let multiple = floorDivide(last, seconds) * seconds
            tick = multiple > first ? multiple : nil
        case .calendar(let rule):
            tick = Self.last(of: rule, after: first, notAfter: last, offset)
        }
        return tick.map { $0 * Self.microsPerSecond }
    }

    /// Walks from one change of the clock to the next: between two of them the local clock is UTC
    /// and a constant.
    private static func first(
        of rule: CronRule,
        after second: Int64,
        _ offsetAt: CronOffset
    ) -> Int64? {
        let end = second + horizonSeconds
        var start = second + 1
        // The offset is known from here on; a gap may end at `start` itself.
        var known = second
        while start <= end {
            let offset = offsetAt(known)
            let shift = Int64(offset)
            let local = rule.first(from: start + shift, upTo: end + shift)
            let tick = local.map { $0 - shift }
            if let change = CronClock.change(
                after: known,
                upTo: tick ?? end,
                from: offset,
                offsetAt
            ) {
                // Without the change the tick would come after it; is it in the gap?
                if let local, local < change + Int64(offsetAt(change)) { return change }
                start = change
                known = change
            } else if let tick, !rule.isHourWild,
                let repetition = CronClock.repetition(at: tick, offsetAt)
            {
                start = repetition.upperBound
                known = start - 1
            } else {
                return tick
            }
        }
        return nil
    }

    /// As ``first(of:after:_:)``, from the other end.
    private static func last(
        of rule: CronRule,
        after start: Int64,
        notAfter second: Int64,
        _ offsetAt: CronOffset
    ) -> Int64? {
        var end = second
        while end > start {
            let offset = offsetAt(end)
            let shift = Int64(offset)
            // A gap that ends after `start` may begin up to a day before it on the local clock.
            let least = start + shift - 2 * CronRule.secondsPerDay
            let local = rule.last(upTo: end + shift, from: least)
            let tick = local.map { $0 - shift } ?? start
            if let change = CronClock.change(
                upTo: end,
                after: max(tick, start),
                to: offset,
                offsetAt
            ) {
                if let local, local >= change + Int64(offsetAt(change - 1)) { return change }
                end = change - 1
            } else if tick <= start {
                return nil
            } else if !rule.isHourWild,
                let repetition = CronClock.repetition(at: tick, offsetAt)
            {
                end = repetition.lowerBound - 1
            } else {
                return tick
            }
        }
        return nil
    }
}
