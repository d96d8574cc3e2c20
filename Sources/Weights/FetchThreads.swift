import Glibc
import Synchronization

/// Threads of the store's own, for jobs that block for as long as a fetch takes.
///
/// Dispatch's threads also run Swift's tasks, which would wait for a slow server. A thread ends
/// when no job waits.
final class FetchThreads: Sendable {
    /// Gets the reason where there is no thread for it; then it runs on any thread, and must not
    /// block.
    typealias Job = @Sendable (_ fault: WeightsError?) -> Void

    private struct State {
        /// In the order of their coming.
        var waiting: [Job] = []
        var threads = 0
    }

    private let threadsMax: Int
    private let state = Mutex(State())

    init(threadsMax: Int) { self.threadsMax = threadsMax }

    /// Runs a job as soon as a thread is free for it; does not block.
    func run(_ job: @escaping Job) {
        let needsThread = state.withLock { state in
            state.waiting.append(job)
            guard state.threads < threadsMax else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        let code = start()
        if code != 0 { fail(code) }
    }

    /// Gives 0, or why there is no thread.
    private func start() -> CInt {
        var thread = pthread_t()
        let owner = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<FetchThreads>.fromOpaque(context).takeRetainedValue().work()
                return nil
            },
            owner.toOpaque()
        )
        if code == 0 { pthread_detach(thread) } else { owner.release() }
        return code
    }

    private func work() {
        while let job = next() { job(nil) }
    }

    private func next() -> Job? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// Where other threads run, they take over what waits.
    private func fail(_ code: CInt) {
        let stranded = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [Job]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        let reason = String(cString: strerror(code))
        for job in stranded { job(WeightsError(.fileSystem, "cannot start a thread: \(reason)")) }
    }
}
