import Glibc

enum WallClock {
    /// Microseconds since 1970 UTC.
    static func nowMicros() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Ends early when a signal comes.
    static func pause(millis: Int64) { _ = poll(nil, 0, Int32(clamping: millis)) }
}
