import GatewayAPI
import Synchronization

/// One who reads a function's lines as they come: a bounded queue whose oldest lines give way.
final class LogFollower: Sendable {
    fileprivate struct State: Sendable {
        var lines: [LogLine] = []
        /// Lines before this one have been taken.
        var first = 0
        /// Lines that gave way since one was last taken.
        var lost = 0
        var isEnded = false
        var waiting: CheckedContinuation<LogLine?, Never>?
    }

    private let state = Mutex(State())
    private let filter: LogFilter
    private let linesMax: Int

    init(_ filter: LogFilter, linesMax: Int) {
        self.filter = filter
        self.linesMax = max(1, linesMax)
    }

    /// Hands a line on, or keeps it until it is asked for.
    func add(_ line: LogLine) {
        guard filter.matches(line) else { return }
        let waiting = state.withLock { state -> CheckedContinuation<LogLine?, Never>? in
            guard !state.isEnded else { return nil }
            if let waiting = state.waiting.take() { return waiting }
            if state.lines.count - state.first == linesMax {
                state.first += 1
                state.lost += 1
            }
            state.lines.append(line)
            state.forgetTaken()
            return nil
        }
        waiting?.resume(returning: line)
    }

    /// The next line, once there is one; nil after the end, which comes when what waits is taken.
    ///
    /// For one caller at a time.
    func next() async -> LogLine? {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state -> LogLine?? in
                if let line = state.takeNext() { return .some(line) }
                if state.isEnded { return .some(nil) }
                state.waiting = continuation
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    func end() {
        let waiting = state.withLock { state in
            state.isEnded = true
            return state.waiting.take()
        }
        waiting?.resume(returning: nil)
    }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Its lines; `onLeave` is called when the reader has let the stream go or was cancelled.
    func stream(onLeave: @escaping @Sendable () -> Void) -> AsyncStream<LogLine> {
        let presence = Presence {
            self.end()
            onLeave()
        }
        return AsyncStream {
            let line = await self.next()
            withExtendedLifetime(presence) {}
            return line
        } onCancel: {
            self.end()
            onLeave()
        }
    }
}

/// Lasts as long as the stream that holds it.
private final class Presence: Sendable {
    private let onEnd: @Sendable () -> Void

    init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    deinit { onEnd() }
}

extension LogFollower.State {
    /// In the place of the lines that gave way, one that says how many.
    fileprivate mutating func takeNext() -> LogLine? {
        guard first < lines.count else { return nil }
        if lost > 0 {
            defer { lost = 0 }
            return .notice(
                "\(lost) lines were skipped: they came faster than they were read",
                lines[first].atMicros
            )
        }
        defer {
            first += 1
            forgetTaken()
        }
        return lines[first]
    }

    /// Moves the lines down once as many have been taken as wait, so that each moves once at most.
    fileprivate mutating func forgetTaken() {
        guard first > 64, first * 2 > lines.count else { return }
        lines.removeFirst(first)
        first = 0
    }
}

extension LogLine {
    /// A line of the gateway's own among a function's.
    static func notice(_ text: String, _ atMicros: Int64) -> LogLine {
        LogLine(atMicros: atMicros, invocation: nil, instance: nil, level: .warning, text: text)
    }
}
