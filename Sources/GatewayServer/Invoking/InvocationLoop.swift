import NIOCore
import Storage

/// The running invocations of one event loop: their deadlines, and the usage records of one tick.
///
/// One timer for all: a timer for each invocation would cost more than the invocation's own work.
/// Only its own loop may use it.
final class InvocationLoop: @unchecked Sendable {
    let eventLoop: any EventLoop
    private let interval: TimeAmount
    private var running: [RunningInvocation] = []
    private var isSweepScheduled = false
    private var isFlushScheduled = false

    init(eventLoop: any EventLoop, intervalMillis: Int) {
        self.eventLoop = eventLoop
        interval = .milliseconds(Int64(intervalMillis))
    }

    func add(_ invocation: RunningInvocation) {
        invocation.loopIndex = running.count
        running.append(invocation)
        scheduleSweep()
    }

    func remove(_ invocation: RunningInvocation) {
        let index = invocation.loopIndex
        guard index >= 0, let last = running.popLast() else { return }
        invocation.loopIndex = -1
        guard last !== invocation else { return }
        running[index] = last
        last.loopIndex = index
    }

    /// Has the ledger flushed after all that this tick of the loop still brings: one commit for
    /// all.
    func scheduleFlush(of ledger: LedgerWriter<RunningInvocation>) {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute {
            self.isFlushScheduled = false
            ledger.flush()
        }
    }

    private func scheduleSweep() {
        guard !isSweepScheduled else { return }
        isSweepScheduled = true
        eventLoop.scheduleTask(in: interval) {
            self.isSweepScheduled = false
            guard !self.running.isEmpty else { return }
            let now = Clock.monotonicNanos()
            // Over a copy: a deadline that has passed takes its invocation out.
            for invocation in self.running { invocation.sweep(now: now) }
            self.scheduleSweep()
        }
    }
}
