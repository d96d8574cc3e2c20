import Synchronization

/// A fetch under way, and all that wait for it.
final class WeightFetch: Sendable {
    typealias End = Result<Void, WeightsError>
    typealias Done = @Sendable (End) -> Void

    private struct State {
        var listeners: [WeightStore.Progress] = []
        var waiting: [Done] = []
        var end: End?
        var toldAt: ContinuousClock.Instant?
    }

    let source: String
    private let pause: Duration
    private let state = Mutex(State())

    init(source: String, progressMillis: Int) {
        self.source = source
        pause = .milliseconds(progressMillis)
    }

    /// Tells all listeners, unless they were told a moment ago; of the whole file always.
    func tell(_ bytes: Int64, _ total: Int64?) {
        let listeners = state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.toldAt, now - last < pause, bytes != total {
                return [WeightStore.Progress]()
            }
            state.toldAt = now
            return state.listeners
        }
        for listener in listeners { listener(bytes, total) }
    }

    /// Calls `done` once the fetch has ended, on the thread that ended it; at once where it has.
    func wait(progress: @escaping WeightStore.Progress, done: @escaping Done) {
        let end = state.withLock { state in
            if state.end == nil {
                state.listeners.append(progress)
                state.waiting.append(done)
            }
            return state.end
        }
        if let end { done(end) }
    }

    func finish(_ end: End) {
        let waiting = state.withLock { state in
            defer { (state.listeners, state.waiting) = ([], []) }
            state.end = end
            return state.waiting
        }
        for done in waiting { done(end) }
    }
}
