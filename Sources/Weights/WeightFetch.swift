import Synchronization

/// A fetch under way, and all that wait for it.
final class WeightFetch: Sendable {
    typealias End = Result<Void, WeightsError>
    typealias Done = @Sendable (End) -> Void

    private struct Waiting {
        let wait: WeightWait
        let progress: WeightStore.Progress
        let done: Done
    }

    private struct State {
        var waiting: [Waiting] = []
        var end: End?
        var isAbandoned = false
        var toldAt: ContinuousClock.Instant?
    }

    let source: String
    /// Ends it; what it has brought is kept.
    let stop = StopSignal()
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
                return [Waiting]()
            }
            state.toldAt = now
            return state.waiting
        }
        for listener in listeners { listener.progress(bytes, total) }
    }

    /// Calls `done` once the fetch has ended, on the thread that ended it, or `wait` is left; at
    /// once where either has happened.
    func wait(
        _ wait: WeightWait,
        progress: @escaping WeightStore.Progress,
        done: @escaping Done
    ) {
        let end = state.withLock { state in
            if state.end == nil {
                state.waiting.append(Waiting(wait: wait, progress: progress, done: done))
            }
            return state.end
        }
        if let end { return done(end) }
        wait.whenLeft { [weak self] in self?.leave(wait) }
    }

    /// Whether it was ended because nobody waited for it any more.
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    private func leave(_ wait: WeightWait) {
        let (left, isLast) = state.withLock { state in
            let left = state.waiting.filter { $0.wait === wait }
            state.waiting.removeAll { $0.wait === wait }
            let isLast = !left.isEmpty && state.waiting.isEmpty
            if isLast { state.isAbandoned = true }
            return (left, isLast)
        }
        if isLast { stop.give() }
        for waiting in left { waiting.done(.failure(.stopping)) }
    }

    func finish(_ end: End) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.end = end
            return state.waiting
        }
        for waiting in waiting { waiting.done(end) }
    }
}
