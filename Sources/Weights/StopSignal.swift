import Dispatch
import Synchronization

/// Tells threads that block that they are to end.
final class StopSignal: Sendable {
    private let isGiven = Mutex(false)
    private let pending: DispatchGroup

    init() {
        pending = DispatchGroup()
        pending.enter()
    }

    // A group must not go while something is pending in it.
    deinit { give() }

    func give() {
        let isFirst = isGiven.withLock { isGiven in
            defer { isGiven = true }
            return !isGiven
        }
        if isFirst { pending.leave() }
    }

    var wasGiven: Bool { isGiven.withLock { $0 } }

    /// Blocks for this long, or until the signal is given; then true.
    func wait(millis: Int) -> Bool {
        pending.wait(timeout: .now() + .milliseconds(millis)) == .success
    }
}
