import Glibc

/// Milliseconds that only grow, from some moment before the process began.
enum MonotonicClock {
    static var nowMillis: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension timeval {
    init(millis: Int64) {
        let millis = max(0, millis)
        self.init(tv_sec: Int(millis / 1_000), tv_usec: Int(millis % 1_000) * 1_000)
    }
}
