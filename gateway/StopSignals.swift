import Synchronization
import UnixSignals

/// SIGTERM and SIGINT, taken from before anything is started: a stop that comes while the gateway
/// starts leaves nothing either.
final class StopSignals: Sendable {
    private struct Mutable {
        var count = 0
        var actions: [(times: Int, body: @Sendable () -> Void)] = []
    }

    private let mutable = Mutex(Mutable())

    /// Begins to take them.
    static func trap() async -> StopSignals {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let stop = StopSignals()
        Task { for await _ in signals { stop.ask() } }
        return stop
    }

    var isAsked: Bool { mutable.withLock { $0.count > 0 } }

    /// Calls `body` once a stop has been asked for so many times, at once where it has.
    func whenAsked(times: Int = 1, _ body: @escaping @Sendable () -> Void) {
        let isDue = mutable.withLock { value in
            if value.count < times { value.actions.append((times, body)) }
            return value.count >= times
        }
        if isDue { body() }
    }

    private func ask() {
        let due = mutable.withLock { value in
            value.count += 1
            defer { value.actions.removeAll { $0.times <= value.count } }
            return value.actions.filter { $0.times <= value.count }
        }
        for action in due { action.body() }
    }
}
