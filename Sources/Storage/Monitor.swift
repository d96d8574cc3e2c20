import Glibc

/// A lock with one condition to wait for, by one thread at a time.
///
/// `signal` without a waiter makes no system call, and neither does `lock` without a contender.
package final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    @inline(__always) package func lock() { pthread_mutex_lock(mutex) }

    @inline(__always) package func unlock() { pthread_mutex_unlock(mutex) }

    @inline(__always) package func signal() { pthread_cond_signal(condition) }

    /// Gives the lock up until a signal; may return without one.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// As `wait`, but not past an instant of the monotonic clock.
    /// - Returns: false once that instant has come.
    package func wait(untilNanos deadline: Int64) -> Bool {
        var time = timespec(
            tv_sec: Int(deadline / 1_000_000_000),
            tv_nsec: Int(deadline % 1_000_000_000)
        )
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }

    /// Nanoseconds of the clock that `wait(untilNanos:)` goes by.
    package static func nowNanos() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
