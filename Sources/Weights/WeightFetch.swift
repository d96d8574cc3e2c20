import Dispatch
import Synchronization

/// A fetch under way, and all that wait for it.
final class WeightFetch: Sendable {
    package typealias Progress = @Sendable (_ bytes: Int64, _ total: Int64?) -> Void

    private struct State {
        var listeners: [Progress] = []
        var waiting: [DispatchSemaphore] = []
        var end: Result<Void, WeightsError>?
        var toldAt: ContinuousClock.Instant?
    }

    let source: String
    private let pause: Duration
    private let state: Mutex<State>

    init(source: String, progressMillis: Int, progress: @escaping Progress) {
        self.source = source
        pause = .milliseconds(progressMillis)
        state = Mutex(State(listeners: [progress]))
    }

    /// Tells all listeners, unless they were told a moment ago; of the whole file always.
    func tell(_ bytes: Int64, _ total: Int64?) {
        let listeners = state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.toldAt, now - last < pause, bytes != total { return [Progress]() }
            state.toldAt = now
            return state.listeners
        }
        for listener in listeners { listener(bytes, total) }
    }

    /// Blocks until the fetch has ended.
    func wait(progress: @escaping Progress) -> Result<Void, WeightsError> {
        let isDone = DispatchSemaphore(value: 0)
        let end = state.withLock { state in
            if state.end == nil {
                state.listeners.append(progress)
                state.waiting.append(isDone)
            }
            return state.end
        }
        if let end { return end }
        isDone.wait()
        return state.withLock { $0.end } ?? .success(())
    }

    func finish(_ end: Result<Void, WeightsError>) {
        let waiting = state.withLock { state in
            state.end = end
            state.listeners = []
            return state.waiting
        }
        for semaphore in waiting { semaphore.signal() }
    }
}
