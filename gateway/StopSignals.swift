import Synchronization
import UnixSignals

/// SIGTERM and SIGINT, taken from before anything is started: a stop that comes while the gateway
/// starts leaves nothing either.
final class StopSignals: Sendable {
    private struct Action {
        let times: Int
        let body: @Sendable () -> Void
    }

    private struct Mutable {
        var count = 0
        var last: ContinuousClock.Instant?
        var actions: [Action] = []
    }

    /// Ctrl-C reaches the gateway and what started it, which then asks too: that is one time.
    private static let apart = Duration.seconds(1)

    private let mutable = Mutex(Mutable())

    /// Begins to take them.
    static func trap() async -> StopSignals {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let stop = StopSignals()
        Task { for await _ in signals { stop.ask(at: .now) } }
        return stop
    }

    var isAsked: Bool { mutable.withLock { $0.count > 0 } }

    /// Calls `body` once a stop has been asked for so many times, at once where it has.
    func whenAsked(times: Int = 1, _ body: @escaping @Sendable () -> Void) {
        let isDue = mutable.withLock { value in
            if value.count < times { value.actions.append(Action(times: times, body: body)) }
            return value.count >= times
        }
        if isDue { body() }
    }

    private func ask(at now: ContinuousClock.Instant) {
        let due = mutable.withLock { value -> [Action] in
            if let last = value.last, now - last < Self.apart { return [] }
            value.last = now
            value.count += 1
            defer { value.actions.removeAll { $0.times <= value.count } }
            return value.actions.filter { $0.times <= value.count }
        }
        for action in due { action.body() }
    }
}
