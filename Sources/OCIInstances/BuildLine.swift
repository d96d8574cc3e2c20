import Synchronization

/// Lets a few builds run at once; the others wait in line, in the order in which they came.
package final class BuildLine: Sendable {
    private struct Waiting {
        let stop: ProgramStop
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct Mutable {
        var isClosed = false
        var running: [ProgramStop] = []
        var waiting: [Waiting] = []
    }

    private let runningMax: Int
    private let mutable = Mutex(Mutable())

    package init(runningMax: Int) { self.runningMax = runningMax }

    /// Returns once the build that `stop` ends may run; `leave` follows.
    ///
    /// False when it was given up: it has no place then. `whenWaiting` is told how many run.
    package func enter(_ stop: ProgramStop, whenWaiting: (Int) -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            let (answer, running): (Bool?, Int) = mutable.withLock { value in
                if value.isClosed || stop.wasGiven { return (false, 0) }
                if value.running.count < runningMax {
                    value.running.append(stop)
                    return (true, 0)
                }
                value.waiting.append(Waiting(stop: stop, continuation: continuation))
                return (nil, value.running.count)
            }
            if let answer { continuation.resume(returning: answer) } else { whenWaiting(running) }
        }
    }

    /// A build that had a place is over: the next one may run.
    package func leave(_ stop: ProgramStop) {
        let next = mutable.withLock { value -> Waiting? in
            value.running.removeAll { $0 === stop }
            guard !value.waiting.isEmpty, value.running.count < runningMax else { return nil }
            let next = value.waiting.removeFirst()
            value.running.append(next.stop)
            return next
        }
        next?.continuation.resume(returning: true)
    }

    /// Ends a build that runs, or takes it out of the line.
    package func giveUp(_ stop: ProgramStop) {
        stop.give()
        let waiting = mutable.withLock { value -> Waiting? in
            guard let place = value.waiting.firstIndex(where: { $0.stop === stop }) else {
                return nil
            }
            return value.waiting.remove(at: place)
        }
        waiting?.continuation.resume(returning: false)
    }

    /// Ends all builds; no other one runs from now on.
    package func close() {
        let (running, waiting) = mutable.withLock { value in
            value.isClosed = true
            defer { value.waiting = [] }
            return (value.running, value.waiting)
        }
        for stop in running { stop.give() }
        for one in waiting { one.continuation.resume(returning: false) }
    }
}
