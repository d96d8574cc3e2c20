import Functions
import GatewayAPI
import Glibc
import Logging
import Synchronization

/// Turns queued texts into lines, in files and for followers; has a thread to itself.
///
/// Every method is called on that thread, but `lostLines`.
final class LogWriter: @unchecked Sendable {
    /// How much of a function's lines is gathered before it is written, in bytes.
    private static let chunkBytes = 256 << 10

    private let files: LogFiles
    private let limits: FunctionLogLimits
    private let splitter: LogLineSplitter
    private let logger: Logger
    private var batch = LogQueue.Batch()
    private var followers: [FunctionName: [LogFollower]] = [:]
    /// Lines that are in no file, by function: said as soon as a line can be written.
    private var missing: [FunctionName: Int] = [:]
    private var takesFollowers = true
    private var lastError: Int32?
    private let lost = Atomic<Int>(0)

    init(folder: String, limits: FunctionLogLimits, logger: Logger) {
        files = LogFiles(folder: folder, fileBytesMax: limits.fileBytesMax)
        self.limits = limits
        splitter = LogLineSplitter(lineBytesMax: limits.lineBytesMax)
        self.logger = logger
    }

    /// Lines that found no room in the queue or on the disk, since the start.
    var lostLines: Int { lost.load(ordering: .relaxed) }

    /// Writes what is queued.
    func write(_ queue: LogQueue) {
        queue.take(into: &batch)
        var places: [FunctionName: [Int]] = [:]
        for (place, entry) in batch.entries.enumerated() {
            places[entry.function, default: []].append(place)
        }
        for (function, places) in places { write(places, of: function) }
        for (function, count) in batch.dropped { lose(count, of: function) }
        batch.removeAll(keepingBytes: limits.functionBytesMax)
    }

    func open(_ function: FunctionName) -> OpenLog { files.open(function) }

    /// - Returns: false when there are as many followers as there may be.
    func add(_ follower: LogFollower, to function: FunctionName) -> Bool {
        guard takesFollowers else {
            follower.end()
            return true
        }
        guard followers.values.reduce(0, { $0 + $1.count }) < limits.followersMax else {
            return false
        }
        followers[function, default: []].append(follower)
        return true
    }

    /// Forgets followers that have left.
    func sweep(_ function: FunctionName) {
        followers[function]?.removeAll { $0.isEnded }
        if followers[function]?.isEmpty == true { followers[function] = nil }
    }

    func remove(_ function: FunctionName) {
        files.remove(function)
        missing[function] = nil
        for follower in followers.removeValue(forKey: function) ?? [] { follower.end() }
    }

    /// Ends those that there are, and those that still come.
    func endFollowers() {
        takesFollowers = false
        for follower in followers.values.joined() { follower.end() }
        followers = [:]
    }

    private func write(_ places: [Int], of function: FunctionName) {
        let followers = followers[function] ?? []
        var chunk = Chunk()
        var count = 0
        for place in places {
            let entry = batch.entries[place]
            splitter.lines(of: entry, text: batch.bytes[entry.range]) { line in
                count += 1
                guard count <= limits.functionLinesMax else { return }
                chunk.add(line)
                for follower in followers { follower.add(line) }
                if chunk.bytes.count >= Self.chunkBytes { flush(&chunk, of: function) }
            }
        }
        flush(&chunk, of: function)
        if count > limits.functionLinesMax { lose(count - limits.functionLinesMax, of: function) }
    }

    /// Counts lines that found no room, and says so in their place.
    private func lose(_ count: Int, of function: FunctionName) {
        lost.add(count, ordering: .relaxed)
        missing[function, default: 0] += count
        for follower in followers[function] ?? [] { follower.add(notice(count)) }
        var chunk = Chunk()
        flush(&chunk, of: function)
    }

    private func notice(_ count: Int) -> LogLine {
        .notice("\(count) lines were lost: there was no room for them", Clock.wallMicros())
    }

    /// Writes the lines, and before them how many are missing.
    private func flush(_ chunk: inout Chunk, of function: FunctionName) {
        defer { chunk = Chunk() }
        let count = missing[function] ?? 0
        guard count > 0 || chunk.lineCount > 0 else { return }
        var bytes: [UInt8] = []
        if count > 0 { LogLineBytes.append(notice(count), to: &bytes) }
        bytes += chunk.bytes
        let error = files.append(bytes, to: function)
        if error == nil {
            missing[function] = nil
        } else {
            missing[function] = count + chunk.lineCount
            lost.add(chunk.lineCount, ordering: .relaxed)
        }
        report(error)
    }

    /// Tells the operator once when writing begins to fail, and once when it works again.
    private func report(_ error: Int32?) {
        guard error != lastError else { return }
        lastError = error
        if let error {
            logger.warning(
                "function logs cannot be written; lines are lost until they can",
                metadata: [
                    "folder": "\(files.folder)", "cause": "\(String(cString: strerror(error)))",
                ]
            )
        } else {
            logger.info("function logs are written again", metadata: ["folder": "\(files.folder)"])
        }
    }
}

extension LogWriter {
    /// Lines on their way to a file.
    private struct Chunk {
        private(set) var bytes: [UInt8] = []
        private(set) var lineCount = 0

        mutating func add(_ line: LogLine) {
            LogLineBytes.append(line, to: &bytes)
            lineCount += 1
        }
    }
}
