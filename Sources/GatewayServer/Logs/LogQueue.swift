import Functions
import Synchronization

/// What event loops hand to the logs' writer: bounded, copied in, and taken out all at once.
final class LogQueue: Sendable {
    /// Who printed a text, and what the text is.
    struct Entry: Sendable {
        enum Kind: Sendable {
            /// Lines at this level, which may be one that we do not know.
            case lines(level: String)
            /// The body of an `error` frame with its code.
            case failure(code: String, isInputFault: Bool)
        }

        let function: FunctionName
        /// Of the revision.
        let number: Int
        let invocation: InvocationID?
        let instance: UInt32?
        let atMicros: Int64
        let kind: Kind
        /// Where the text lies in the batch's bytes.
        fileprivate(set) var range = 0..<0
    }

    /// Everything that came between two visits of the writer.
    struct Batch: Sendable {
        var entries: [Entry] = []
        var bytes: [UInt8] = []
        /// Lines that found no room, by function.
        var dropped: [FunctionName: Int] = [:]

        var isEmpty: Bool { entries.isEmpty && dropped.isEmpty }

        mutating func removeAll(keepingBytes bytesMax: Int) {
            entries.removeAll(keepingCapacity: true)
            dropped.removeAll()
            if bytes.capacity > bytesMax {
                bytes = []
            } else {
                bytes.removeAll(keepingCapacity: true)
            }
        }
    }

    private struct State: Sendable {
        var batch = Batch()
        var bytesByFunction: [FunctionName: Int] = [:]
        var isCalled = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limits: FunctionLogLimits

    init(_ limits: FunctionLogLimits) { self.limits = limits }

    /// Copies a text in, or counts its lines when there is no room.
    /// - Returns: whether the writer must be called: it has not been since it last took something.
    func append(_ entry: Entry, _ text: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            let used = state.bytesByFunction[entry.function, default: 0]
            if state.batch.entries.count < limits.queueTextsMax,
                state.batch.bytes.count + text.count <= limits.queueBytesMax,
                used + text.count <= limits.functionBytesMax
            {
                let start = state.batch.bytes.count
                state.batch.bytes.append(contentsOf: text)
                var entry = entry
                entry.range = start..<state.batch.bytes.count
                state.batch.entries.append(entry)
                state.bytesByFunction[entry.function] = used + text.count
            } else {
                state.batch.dropped[entry.function, default: 0] += entry.lineCount(of: text)
            }
            defer { state.isCalled = true }
            return !state.isCalled
        }
    }

    /// Moves everything into `batch`, which must be empty; the next text calls the writer again.
    func take(into batch: inout Batch) {
        state.withLock { state in
            swap(&state.batch, &batch)
            state.bytesByFunction.removeAll(keepingCapacity: true)
            state.isCalled = false
        }
    }

    /// Takes nothing more; what is here can still be taken.
    func close() { state.withLock { $0.isClosed = true } }
}

extension LogQueue.Entry {
    /// Lines that the log will be without when this text is dropped; at least 1.
    fileprivate func lineCount(of text: UnsafeRawBufferPointer) -> Int {
        guard case .lines = kind, let last = text.last else { return 1 }
        let newline = UInt8(ascii: "\n")
        return text.reduce(last == newline ? 0 : 1) { $0 + ($1 == newline ? 1 : 0) }
    }
}
