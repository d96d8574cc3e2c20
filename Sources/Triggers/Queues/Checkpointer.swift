import NIOConcurrencyHelpers
import Storage

/// Moves the queues' write-ahead log into their file, so that who writes hardly waits for it.
///
/// A thread moves nearly all of it while others go on writing. The writer then moves the little
/// that was added since: only when all of it has moved does the next commit begin the log anew.
final class Checkpointer: @unchecked Sendable {
    private enum State {
        case idle
        /// The thread has been asked, and is about to move the log or at it.
        case called
        /// The thread has done its part.
        case moved
        case stopped
    }

    private let monitor = Monitor()
    private var state = State.idle
    private let thread = NIOLockedValueBox<DedicatedThread?>(nil)

    /// Pages in the write-ahead log that call for a checkpoint: 16 MiB.
    private static let logPagesMax = 4096

    private struct Box: @unchecked Sendable {
        let connection: QueueConnection
    }

    /// Starts the thread, which has the connection to itself.
    func start(_ connection: QueueConnection) throws(StorageError) {
        let box = Box(connection: connection)
        let thread = try DedicatedThread(name: "queues-log") { self.serve(box.connection) }
        self.thread.withLockedValue { $0 = thread }
    }

    /// Called by who writes, after a commit.
    func callIfDue(_ writer: QueueConnection) {
        guard writer.logPages >= Self.logPagesMax else { return }
        monitor.lock()
        let before = state
        switch before {
        case .idle: state = .called
        case .moved: state = .idle
        case .called, .stopped: break
        }
        monitor.unlock()
        switch before {
        case .idle: monitor.signal()
        case .moved: writer.checkpoint()
        case .called, .stopped: break
        }
    }

    /// Returns once the thread has ended.
    func stop() {
        monitor.lock()
        state = .stopped
        monitor.unlock()
        monitor.signal()
        thread.withLockedValue { thread in
            thread?.join()
            thread = nil
        }
    }

    private func serve(_ connection: QueueConnection) {
        while isCalled() {
            connection.checkpoint()
            monitor.lock()
            if state == .called { state = .moved }
            monitor.unlock()
        }
    }

    /// Sleeps until it is called; false when it is stopped.
    private func isCalled() -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        while state == .idle || state == .moved { monitor.wait() }
        return state == .called
    }
}
