import Dispatch
package import Functions
package import GatewayAPI

/// The newest lines of a function, and those that come after them.
package struct LogFeed: Sendable {
    /// Oldest first.
    package let lines: [LogLine]
    /// What is written after `lines`, none left out and none twice; nil unless it was asked for.
    ///
    /// Ends when the function is removed or the logs are closed. Lines that its reader does not
    /// take in time give way, and a line says how many did.
    package let more: AsyncStream<LogLine>?
}

extension FunctionLogs {
    /// The newest `tail` lines that fit, oldest first, with all that was appended before the call.
    ///
    /// Blocks, on the writer and on the disk: not for event loops.
    package func read(
        function: FunctionName,
        tail: Int,
        since: Timestamp? = nil,
        invocation: String? = nil
    ) -> [LogLine] {
        let query = LogQuery(tail: tail, since: since, invocation: invocation)
        return read(function: function, query).lines
    }

    /// As `read`, and with what comes next when `query.follow` says so.
    package func read(function: FunctionName, _ query: LogQuery) -> LogFeed {
        let filter = LogFilter(since: query.since, invocation: query.invocation)
        let follower = query.follow ? LogFollower(filter, linesMax: limits.followerLinesMax) : nil
        // Opened between two writes, so that a follower begins where the files end.
        let log = onThread {
            if let follower { self.admit(follower, to: function) }
            return self.writer.open(function)
        }
        if log == nil { follower?.end() }
        let lines = (log ?? writer.open(function)).lines(tail: query.tail, filter: filter)
        return LogFeed(lines: lines, more: follower.map { stream($0, of: function) })
    }

    /// What is printed from now on; returns at once.
    package func follow(function: FunctionName) -> AsyncStream<LogLine> {
        let filter = LogFilter(since: nil, invocation: nil)
        let follower = LogFollower(filter, linesMax: limits.followerLinesMax)
        later {
            self.admit(follower, to: function)
        } orElse: {
            follower.end()
        }
        return stream(follower, of: function)
    }

    /// Has the thread do `work` after what it was given before; nil if that takes too
    /// long or it has ended.
    @discardableResult
    func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value? {
        let answer = Answer<Value>()
        later {
            answer.give(work())
        } orElse: {
            answer.give(nil)
        }
        return answer.wait(millis: limits.writerMillisMax)
    }

    private func admit(_ follower: LogFollower, to function: FunctionName) {
        guard !follower.isEnded, !writer.add(follower, to: function) else { return }
        follower.add(
            .notice("too many follow already: \(limits.followersMax)", Clock.wallMicros())
        )
        follower.end()
    }

    private func stream(
        _ follower: LogFollower,
        of function: FunctionName
    ) -> AsyncStream<LogLine> {
        follower.stream { self.later { self.writer.sweep(function) } }
    }
}

/// What one thread waits for and another gives, once.
private final class Answer<Value: Sendable>: @unchecked Sendable {
    private let isThere = DispatchSemaphore(value: 0)
    private var value: Value?

    func give(_ value: Value?) {
        self.value = value
        isThere.signal()
    }

    func wait(millis: Int) -> Value? {
        isThere.wait(timeout: .now() + .milliseconds(millis)) == .success ? value : nil
    }
}
