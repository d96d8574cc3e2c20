package import Billing

/// What event loops hand to whoever writes the ledger.
///
/// Bounded, and locked for no longer than it takes to copy one record or to swap two arrays.
package final class LedgerInbox<Token: Sendable>: @unchecked Sendable {
    /// Records and, at the same places, the tokens of those who wait for them.
    package struct Batch {
        package var records: [UsageRecord] = []
        package var tokens: [Token] = []

        package init() {}

        /// Empties the batch; its memory serves the next one, except for what was handed on.
        package mutating func removeAll() {
            records.removeAll(keepingCapacity: true)
            tokens.removeAll(keepingCapacity: true)
        }
    }

    /// Why a thread that waits here was woken.
    package enum Wake {
        case called
        /// Closed; what is here can still be taken.
        case closed
    }

    private let monitor = Monitor()
    private let pendingMax: Int
    private var pending = Batch()
    private var isClosed = false
    private var isCalled = false

    /// - Parameter pendingMax: records that may wait here.
    package init(pendingMax: Int) {
        self.pendingMax = pendingMax
    }

    /// - Returns: false when it is full or closed; the record is then not taken.
    package func append(_ record: UsageRecord, _ token: Token) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        guard pending.records.count < pendingMax, !isClosed else { return false }
        pending.records.append(record)
        pending.tokens.append(token)
        return true
    }

    package var isEmpty: Bool {
        monitor.lock()
        defer { monitor.unlock() }
        return pending.records.isEmpty
    }

    /// Moves everything into `batch`, which must be empty.
    package func take(into batch: inout Batch) {
        monitor.lock()
        swap(&pending, &batch)
        monitor.unlock()
    }

    /// Wakes the thread that waits, or has it return at once when next it waits.
    package func call() {
        monitor.lock()
        let wakes = !isCalled
        isCalled = true
        monitor.unlock()
        if wakes { monitor.signal() }
    }

    /// Takes nothing more; what is here can still be taken.
    package func close() {
        monitor.lock()
        isClosed = true
        monitor.unlock()
        monitor.signal()
    }

    /// Sleeps until it is called or closed.
    package func wait() -> Wake {
        monitor.lock()
        defer { monitor.unlock() }
        while !isCalled, !isClosed { monitor.wait() }
        isCalled = false
        return isClosed ? .closed : .called
    }

    /// Sleeps until it is closed, for `nanos` at most.
    /// - Returns: whether it is closed.
    package func waitedForClose(nanos: Int64) -> Bool {
        let deadline = Monitor.nowNanos() + nanos
        monitor.lock()
        defer { monitor.unlock() }
        while !isClosed { guard monitor.wait(untilNanos: deadline) else { break } }
        return isClosed
    }
}
