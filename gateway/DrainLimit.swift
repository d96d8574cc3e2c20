import Synchronization

/// Calls a function when a drain has lasted as long as it may, or somebody waits no longer.
final class DrainLimit: Sendable {
    private let span: Duration
    private let atEnd: @Sendable () -> Void
    private let timer = Mutex<Task<Void, Never>?>(nil)

    init(_ span: Duration, atEnd: @escaping @Sendable () -> Void) {
        self.span = span
        self.atEnd = atEnd
    }

    /// Begins to count; the first call counts.
    func begin() {
        timer.withLock { timer in
            guard timer == nil else { return }
            timer = Task { [span, atEnd] in
                guard (try? await Task.sleep(for: span)) != nil else { return }
                atEnd()
            }
        }
    }

    /// It has lasted long enough.
    func end() {
        cancel()
        atEnd()
    }

    /// It is over.
    func cancel() { timer.withLock { $0?.cancel() } }
}
