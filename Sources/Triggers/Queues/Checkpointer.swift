import NIOConcurrencyHelpers
import Storage

/// Moves the write-ahead log of the queues into their file, on a thread of its own, so that nobody
/// who enqueues waits for the disk.
final class Checkpointer: @unchecked Sendable {
    private let monitor = Monitor()
    private var isCalled = false
    /// The thread has done its part since it was last called.
    private var isMoved = false
    private var isStopped = false
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

    /// Called by who writes, after a commit: moves the log in two steps.
    ///
    /// The thread moves nearly all of it while others go on writing. The writer then moves the
    /// little that was added since: only when all of it has moved does the next commit begin the
    /// log anew.
    func callIfDue(_ writer: QueueConnection) {
        guard writer.logPages >= Self.logPagesMax else { return }
        monitor.lock()
        let isMoved = isMoved
        if isMoved { self.isMoved = false } else { isCalled = true }
        monitor.unlock()
        if isMoved { writer.checkpoint() } else { monitor.signal() }
    }

    /// Returns once the thread has ended.
    func stop() {
        monitor.lock()
        isStopped = true
        monitor.unlock()
        monitor.signal()
        thread.withLockedValue { thread in
            thread?.join()
            thread = nil
        }
    }

    private func serve(_ connection: QueueConnection) {
        while true {
            monitor.lock()
            while !isCalled, !isStopped { monitor.wait() }
            isCalled = false
            let isLast = isStopped
            monitor.unlock()
            if isLast { return }
            connection.checkpoint()
            monitor.lock()
            isMoved = true
            monitor.unlock()
        }
    }
}
