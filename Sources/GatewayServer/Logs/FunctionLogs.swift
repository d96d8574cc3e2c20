package import Functions
import Glibc
package import Logging
package import NIOCore
import NIOPosix
package import RuntimeProtocol

/// What functions print and log, kept in two files a function: `NAME.ndjson`, one `LogLine` a line,
/// and `NAME.1.ndjson` with what came before it.
///
/// Appending copies the text into a bounded queue and never waits: a writer with a thread of its
/// own does the rest. Lines that find no room, in the queue or on the disk, are lost, counted, and
/// a line in their place says how many.
package final class FunctionLogs: Sendable {
    let limits: FunctionLogLimits
    let writer: LogWriter
    /// One thread: whatever it is given runs after what it was given before.
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let queue: LogQueue

    /// Starts the writer, which runs until `close`; `folder` is made when the first line is
    /// written.
    package init(
        folder: String,
        limits: FunctionLogLimits = FunctionLogLimits(),
        logger: Logger = Logger(label: "logs")
    ) {
        self.limits = limits
        writer = LogWriter(folder: folder, limits: limits, logger: logger)
        queue = LogQueue(limits)
        thread.start()
    }

    /// Whole lines that an instance or, without its number, the zygote printed.
    ///
    /// Without an `invocation` they were printed outside of any. The level is that of the runtime
    /// protocol's frame `log`; one that is unknown counts as `info`.
    package func append(
        _ revision: Revision,
        invocation: InvocationID?,
        instance: UInt32? = nil,
        level: String,
        text: ByteBuffer
    ) {
        text.withUnsafeReadableBytes {
            append(revision, invocation, instance, .lines(level: level), $0)
        }
    }

    /// Why an invocation failed: its message and traceback, or the message alone when the input was
    /// at fault.
    ///
    /// `body` is the JSON of a `FailureMessage`.
    package func append(
        _ revision: Revision,
        invocation: InvocationID,
        failure body: ByteBuffer,
        code: InvocationFailureCode
    ) {
        let kind = LogQueue.Entry.Kind.failure(
            code: code.rawValue,
            isInputFault: code == .inputInvalid
        )
        body.withUnsafeReadableBytes { append(revision, invocation, nil, kind, $0) }
    }

    /// What was printed while the handler was loaded.
    package func append(_ revision: Revision, load log: String) {
        var log = log
        log.withUTF8 {
            append(revision, nil, nil, .lines(level: "stdout"), UnsafeRawBufferPointer($0))
        }
    }

    /// Lines that found no room in the queue or on the disk, since the start.
    package var lostLines: Int { writer.lostLines }

    /// Drops a function's lines and ends those who follow it; returns at once.
    ///
    /// To be called when nothing of it runs any more: what comes later is kept again.
    package func remove(_ function: FunctionName) {
        later { self.writer.remove(function) }
    }

    /// Ends those who follow, and from now on who begins to, so that their connections do not hold
    /// up a graceful stop; returns at once.
    package func endFollowers() {
        later { self.writer.endFollowers() }
    }

    /// Takes nothing more, writes what was taken, ends all followers and the thread.
    ///
    /// Blocks until then, for `writerMillisMax` at most. To be called once, at the end.
    package func close() {
        queue.close()
        onThread {
            self.writer.write(self.queue)
            self.writer.endFollowers()
        }
        thread.shutdownGracefully { _ in }
    }

    private func append(
        _ revision: Revision,
        _ invocation: InvocationID?,
        _ instance: UInt32?,
        _ kind: LogQueue.Entry.Kind,
        _ text: UnsafeRawBufferPointer
    ) {
        guard !text.isEmpty else { return }
        let entry = LogQueue.Entry(
            function: revision.function,
            number: revision.number,
            invocation: invocation,
            instance: instance,
            atMicros: Clock.wallMicros(),
            kind: kind
        )
        guard queue.append(entry, text) else { return }
        later {
            usleep(UInt32(self.limits.lingerMillis) * 1000)
            self.writer.write(self.queue)
        }
    }

    /// Has the writer's thread do `work` after what it was given before.
    ///
    /// After `close`, `closed` is done instead, on any thread.
    func later(
        _ work: @escaping @Sendable () -> Void,
        orElse closed: @escaping @Sendable () -> Void = {}
    ) {
        thread.submit { state in
            if case .active = state { work() } else { closed() }
        }
    }
}
