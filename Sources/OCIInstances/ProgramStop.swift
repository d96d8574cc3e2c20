import Glibc
import Synchronization

/// Ends a program of the host, with what it has started, from another thread than the one that
/// waits for it.
package final class ProgramStop: Sendable {
    private struct Mutable {
        var wasGiven = false
        /// Of the program while it runs; also the id of its process group.
        var pid: pid_t?
    }

    private let mutable = Mutex(Mutable())

    package init() {}

    package var wasGiven: Bool { mutable.withLock { $0.wasGiven } }

    /// Kills the program; one that has yet to start ends as soon as it has.
    func give() {
        mutable.withLock { value in
            value.wasGiven = true
            if let pid = value.pid { kill(-pid, SIGKILL) }
        }
    }

    func began(_ pid: pid_t) {
        mutable.withLock { value in
            value.pid = pid
            if value.wasGiven { kill(-pid, SIGKILL) }
        }
    }

    /// It is over but has yet to be reaped: until then its id stands for nothing else.
    func ended() {
        mutable.withLock { $0.pid = nil }
    }
}
