import Functions
import GatewayAPI
import GatewayClient
import Glibc

/// Sends a file's lines to a queue, batch by batch, and knows at each moment what is durable.
struct LineSending {
    /// How long a full queue is waited for before it counts as a failure.
    private static let fullSecondsMax = 600

    private static let stopped = CommandFailure(.interrupted, "stopped")

    private let queue: QueueName
    /// As on the command line.
    private let path: String
    private var source: LineSource
    private let marks: LineMarks
    private let client: GatewayClient
    private let connection: Connection
    private let console: Console
    private var progress: ProgressLine
    private(set) var summary: SendSummary

    init(
        to queue: QueueName,
        path: String,
        source: LineSource,
        skip: Int,
        marks: LineMarks,
        client: GatewayClient,
        console: Console
    ) throws(ClientError) {
        self.queue = queue
        self.path = path
        self.source = source
        self.marks = marks
        self.client = client
        self.console = console
        connection = try Connection()
        progress = ProgressLine(console: console)
        summary = SendSummary(queue: queue, skip: skip)
    }

    /// Throws a failure that says what is durable, and how to go on.
    mutating func run() throws(CommandFailure) {
        defer { progress.clear() }
        while let batch = try nextBatch() {
            let receipt = try send(batch)
            summary.sent += receipt.ids.count
            summary.duplicates += receipt.duplicates
            summary.lines = batch.numbers.last ?? summary.lines
            progress.tick("\(summary)")
        }
        guard !source.isCancelled() else { throw brokenOff(Self.stopped) }
        // Blank lines at the end are behind it as well.
        summary.lines = max(summary.lines, source.batcher.lineCount)
    }

    private mutating func nextBatch() throws(CommandFailure) -> LineBatch? {
        do {
            return try source.next()
        } catch {
            throw brokenOff(error)
        }
    }

    /// Sends again for as long as the queue is full.
    private mutating func send(_ batch: LineBatch) throws(CommandFailure) -> SendReceipt {
        var waitedSeconds = 0
        while true {
            do {
                let message = try marks.message(batch)
                return try client.send(message, to: queue, over: connection)
            } catch let error as CommandFailure {
                throw brokenOff(error)
            } catch let error as ClientError {
                guard error.problem?.knownCode == .queueFull,
                    let seconds = error.problem?.retryAfterSeconds,
                    waitedSeconds + seconds <= Self.fullSecondsMax
                else { throw brokenOff(failure(error, in: batch)) }
                waitedSeconds += seconds
                progress.tick("\(summary); the queue is full, waiting")
                pause(seconds: seconds)
                guard !source.isCancelled() else { throw brokenOff(Self.stopped) }
            } catch {
                throw brokenOff(CommandFailure(.refused, "\(error)"))
            }
        }
    }

    /// Ends early when asked to stop.
    private func pause(seconds: Int) {
        for _ in 0..<(seconds * 10) where !source.isCancelled() { usleep(100_000) }
    }
}

extension LineSending {
    /// The gateway counts a batch's lines; a person counts the file's.
    private func failure(_ error: ClientError, in batch: LineBatch) -> CommandFailure {
        let faults = error.problem?.errors?.map { fault in
            var fault = fault
            if let line = fault.line, batch.numbers.indices.contains(line - 1) {
                fault.line = batch.numbers[line - 1]
                fault.file = fault.file ?? source.name
            }
            return fault
        }
        var error = error
        error.problem?.errors = faults
        var failure = CommandFailure(error)
        if let first = batch.numbers.first, let last = batch.numbers.last {
            failure.details.append(doubt(error, "lines \(first) to \(last)"))
        }
        return failure
    }

    private func doubt(_ error: ClientError, _ lines: String) -> String {
        switch error.code {
        case .connectionLost, .timedOut, .cancelled, .answerInvalid:
            "\(lines) may or may not be durable: with --id, sending them again is harmless"
        default: "\(lines) were not enqueued"
        }
    }

    private func brokenOff(_ failure: CommandFailure) -> CommandFailure {
        var failure = failure
        let lines = Units.count(summary.lines, "line")
        failure.details.append("the first \(lines) of \(source.name) are durable")
        let words = ["--lines", path] + marks.words + ["--skip", String(summary.lines)]
        let options = words.map(ShellWord.quoted).joined(separator: " ")
        let goOn = "go on with: faas queue send \(queue) \(options)"
        failure.advice = failure.advice.map { "\($0); then \(goOn)" } ?? goOn
        return failure
    }
}
