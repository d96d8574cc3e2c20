/// A zone's seconds east of UTC at an instant in seconds since 1970 UTC.
typealias CronOffset = (Int64) -> Int

/// Finds where a zone's clock is changed, from nothing but its offset at an instant.
enum CronClock {
    /// No zone has changed its clock twice in such a time, in seconds.
    private static let step: Int64 = 43_200

    /// The first second after `known` and not after `end` at which the offset is another one than
    /// `offset`, which it is at `known`.
    static func change(
        after known: Int64,
        upTo end: Int64,
        from offset: Int,
        _ offsetAt: CronOffset
    ) -> Int64? {
        var low = known
        while low < end {
            let high = min(low + step, end)
            if offsetAt(high) != offset {
                return bisect(low, high, offsetAt)
            }
            low = high
        }
        return nil
    }

    /// The last second after `start` and not after `known` from which on the offset is `offset`,
    /// which it is at `known`.
    static func change(
        upTo known: Int64,
        after start: Int64,
        to offset: Int,
        _ offsetAt: CronOffset
    ) -> Int64? {
        var high = known
        while high > start {
            let low = max(high - step, start)
            if offsetAt(low) != offset {
                return bisect(low, high, offsetAt)
            }
            high = low
        }
        return nil
    }

    /// The seconds that show local times for the second time, where `second` is one of them.
    static func repetition(at second: Int64, _ offsetAt: CronOffset) -> Range<Int64>? {
        let offset = offsetAt(second)
        // What is repeated lasts a day at most.
        let dayBefore = second - CronRule.secondsPerDay
        let before = offsetAt(dayBefore)
        let shift = Int64(before - offset)
        guard shift > 0, offsetAt(second - shift) == before else { return nil }
        let change = bisect(second - shift, second, offsetAt)
        return change..<change + shift
    }

    /// The first second after `low`, and not after `high`, with another offset than `low`.
    private static func bisect(_ low: Int64, _ high: Int64, _ offsetAt: CronOffset) -> Int64 {
        let offset = offsetAt(low)
        var (low, high) = (low, high)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offsetAt(middle) == offset { low = middle } else { high = middle }
        }
        return high
    }
}
