import Glibc

/// What one thread is told by others; it takes all of it at once, as an event loop takes a tick.
final class Mailbox<Message: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var messages: [Message] = []
    private var isClosed = false
    /// How many messages the sleeping thread waits for; `Int.max` while it is awake.
    private var wakeAt = Int.max

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
    }

    deinit {
        mutex.deallocate()
        condition.deallocate()
    }

    func send(_ message: Message) {
        pthread_mutex_lock(mutex)
        messages.append(message)
        let wakes = messages.count >= wakeAt
        if wakes { wakeAt = .max }
        pthread_mutex_unlock(mutex)
        if wakes { pthread_cond_signal(condition) }
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    /// Waits for a message, and returns how many there are; 0 once closed and empty.
    func wait() -> Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while messages.isEmpty, !isClosed {
            wakeAt = 1
            pthread_cond_wait(condition, mutex)
        }
        wakeAt = .max
        return messages.count
    }

    /// Waits until there are `count` messages, for `nanos` at most.
    func gather(_ count: Int, nanos wait: Int64) {
        let deadline = nanos() + wait
        var time = timespec(
            tv_sec: Int(deadline / 1_000_000_000),
            tv_nsec: Int(deadline % 1_000_000_000)
        )
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while messages.count < count, !isClosed {
            wakeAt = count
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        wakeAt = .max
    }

    /// Moves what is there into `taken`, in place of what that held.
    func take(into taken: inout [Message]) {
        taken.removeAll(keepingCapacity: true)
        pthread_mutex_lock(mutex)
        swap(&messages, &taken)
        pthread_mutex_unlock(mutex)
    }
}
