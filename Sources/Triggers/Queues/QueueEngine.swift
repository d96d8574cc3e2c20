package import Functions
import GatewayServer
package import Logging
import NIOConcurrencyHelpers
package import Storage
import Synchronization

/// The queues of this node: keeps messages, hands them to functions, and sees to their ends.
///
/// One thread decides and writes everything; whoever asks it for something is answered once that
/// is durable, and all that was asked meanwhile is one transaction.
package final class QueueEngine: @unchecked Sendable {
    enum Command {
        case prepare(Answer, proceed: @Sendable () -> Void)
        case settle(Answer)
        /// A callback was posted, or could not be.
        case posted(StoredCallback, isDone: Bool)
        /// Done in the turn's transaction, then answered. When that failed, who only looks gets
        /// what is there without it, and anyone else is told to give up.
        case perform(
            @Sendable (QueueDesk, Int64) throws -> Void,
            onlyLooks: Bool = false,
            @Sendable (QueueError?) -> Void
        )
    }

    /// Posts an answer and says whether that is done with; else it is tried again.
    package typealias CallbackPost =
        @Sendable (StoredCallback, @escaping @Sendable (_ isDone: Bool) -> Void) -> Void

    package let store: QueueStore
    let ledger: Ledger
    let limits: TriggerLimits
    let logger: Logger
    let makeID: @Sendable (Int64) -> InvocationID
    private let monitor = Monitor()
    private var inbox: [Command] = []
    private var isClosing = false
    private var isDraining = false
    private var isWaiting = false
    private let thread = NIOLockedValueBox<DedicatedThread?>(nil)
    private let checkpointer = Checkpointer()

    /// Opens the store's writing connection and starts the thread; `start` begins to hand out.
    package init(
        store: QueueStore,
        ledger: Ledger,
        invoker: any Invoker,
        post: @escaping CallbackPost,
        limits: TriggerLimits,
        logger: Logger,
        makeID: @escaping @Sendable (Int64) -> InvocationID
    ) throws(StorageError) {
        self.store = store
        self.ledger = ledger
        self.limits = limits
        self.logger = logger
        self.makeID = makeID
        let connection = try store.connect()
        try checkpointer.start(try store.connect())
        let desk = DeskBox(
            try QueueDesk(
                connection: connection,
                ledger: ledger,
                limits: limits,
                logger: logger,
                begin: { [unowned self] in invoker.begin($0, observer: self) },
                post: { [unowned self] callback in
                    post(callback) { [weak self] isDone in
                        self?.send(.posted(callback, isDone: isDone))
                    }
                }
            )
        )
        let thread = try DedicatedThread(name: "queues") { self.serve(desk.value) }
        self.thread.withLockedValue { $0 = thread }
    }

    /// Takes nothing new to functions; what is in flight goes on, and can still be settled.
    ///
    /// Nobody waits any longer for a message that is not in flight.
    package func drain() {
        monitor.lock()
        isDraining = true
        monitor.unlock()
        // Wakes the thread, which ends those waits.
        send(.perform({ _, _ in }, onlyLooks: true) { _ in })
    }

    /// Writes what was asked for and ends the thread; blocks until then.
    package func close() {
        monitor.lock()
        isClosing = true
        monitor.unlock()
        monitor.signal()
        thread.withLockedValue { thread in
            thread?.join()
            thread = nil
        }
        checkpointer.stop()
    }

    /// - Returns: false when the engine is closed.
    @discardableResult
    func send(_ command: Command) -> Bool {
        monitor.lock()
        guard !isClosing else {
            monitor.unlock()
            return false
        }
        inbox.append(command)
        let wakes = isWaiting
        isWaiting = false
        monitor.unlock()
        if wakes { monitor.signal() }
        return true
    }

    /// Has the thread do something in its next transaction; answered once that is durable.
    func perform<Value: Sendable>(
        onlyLooks: Bool = false,
        _ body: @escaping @Sendable (QueueDesk, Int64) throws -> Value
    ) async throws -> Value {
        let found = NIOLockedValueBox<Value?>(nil)
        return try await withCheckedThrowingContinuation { continuation in
            let isTaken = send(
                .perform(
                    { desk, now in
                        let value = try body(desk, now)
                        found.withLockedValue { $0 = value }
                    },
                    onlyLooks: onlyLooks
                ) { error in
                    if let error { return continuation.resume(throwing: error) }
                    guard let value = found.withLockedValue({ $0 }) else {
                        return continuation.resume(throwing: QueueError.closed)
                    }
                    continuation.resume(returning: value)
                }
            )
            if !isTaken { continuation.resume(throwing: QueueError.closed) }
        }
    }
}

extension QueueEngine: InvocationObserver {
    package func answered(_ answer: Answer, proceed: @escaping @Sendable () -> Void) {
        // Without the engine nothing can be made durable: the attempt counts as not made.
        send(.prepare(answer, proceed: proceed))
    }

    package func ended(_ answer: Answer) { send(.settle(answer)) }
}

/// Lets the desk cross to its thread, which alone uses it.
private struct DeskBox: @unchecked Sendable {
    let value: QueueDesk

    init(_ desk: QueueDesk) { value = desk }
}

// The thread.
extension QueueEngine {
    private func serve(_ desk: QueueDesk) {
        var pending: [Command] = []
        var resumes: Int64?
        var isRetry = false
        var latest: Int64 = 0
        while true {
            let now = Clock.wallMicros()
            if QueueDesk.isAhead(latest, of: now) { desk.clockWentBack(toMicros: now) }
            latest = now
            let isLast = take(
                into: &pending,
                until: isRetry ? now + Self.retryMicros : wakeAt(desk, resumes),
                now: now,
                isRetry: isRetry
            )
            // While nothing can be written, what runs is no more than was begun before.
            if !isRetry, !isLast { feed(desk, behind: pending) }
            isRetry = !turn(desk, &pending)
            if isLast { break }
            resumes = feed(desk)
        }
        for case .perform(_, _, let answer) in pending { answer(.closed) }
    }

    /// Has functions at work while the ends of what they did are being written.
    private func feed(_ desk: QueueDesk, behind pending: [Command]) {
        let done = pending.compactMap { command -> Int64? in
            guard case .settle(let answer) = command, answer.verdict == .done else { return nil }
            return answer.token
        }
        if !done.isEmpty { _ = feed(desk, behind: done) }
    }

    private func feed(_ desk: QueueDesk, behind done: [Int64] = []) -> Int64? {
        monitor.lock()
        let isDraining = isDraining
        monitor.unlock()
        guard !isDraining else {
            desk.endVainWaits()
            return nil
        }
        do {
            return try desk.feed(behind: done, atMicros: Clock.wallMicros())
        } catch {
            logger.error("queues cannot be read", metadata: ["error": "\(error)"])
            return Clock.wallMicros() + Self.retryMicros
        }
    }

    /// When something is to be done without being asked.
    private func wakeAt(_ desk: QueueDesk, _ resumes: Int64?) -> Int64 {
        if !desk.recovered.isEmpty { return 0 }
        let agenda = desk.agenda
        return [agenda.nextDue, desk.nextTick, agenda.nextCallback, resumes, agenda.nextForget]
            .compactMap { $0 }.min() ?? .max
    }

    /// Waits for commands until an instant, and takes all that are there.
    /// - Returns: whether the engine is closing.
    private func take(
        into pending: inout [Command],
        until: Int64,
        now: Int64,
        isRetry: Bool
    ) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        if until > now {
            let wait = min(until - now, Self.waitMicrosMax)
            let deadline = Monitor.nowNanos() + wait * 1_000
            while !isClosing, isRetry || inbox.isEmpty {
                isWaiting = !isRetry
                guard monitor.wait(untilNanos: deadline) else { break }
            }
            isWaiting = false
        }
        pending += inbox
        inbox.removeAll(keepingCapacity: true)
        return isClosing
    }

    /// One transaction; what it could not do stays in `pending` if it must be done.
    /// - Returns: false when it failed.
    private func turn(_ desk: QueueDesk, _ pending: inout [Command]) -> Bool {
        let now = Clock.wallMicros()
        pending += desk.recovered.map { .settle($0) }
        desk.recovered = []
        guard !pending.isEmpty || wakeAt(desk, nil) <= now else { return true }
        var answers: [@Sendable () -> Void] = []
        do throws(StorageError) {
            try desk.beginTurn()
            for command in pending {
                if let answer = try handle(command, desk, now) { answers.append(answer) }
            }
            try desk.wakeDue(atMicros: now)
            try desk.fireSchedules(atMicros: now, makeID: makeID)
            try desk.forget(atMicros: now)
            try desk.sendCallbacks(atMicros: now)
            try desk.endTurn()
        } catch {
            fail(desk, &pending, error, now)
            return false
        }
        pending.removeAll(keepingCapacity: true)
        for answer in answers { answer() }
        checkpointer.callIfDue(desk.connection)
        return true
    }

    /// - Returns: what is to be said once the transaction is durable.
    private func handle(
        _ command: Command,
        _ desk: QueueDesk,
        _ now: Int64
    ) throws(StorageError) -> (@Sendable () -> Void)? {
        switch command {
        case .prepare(let answer, let proceed):
            try desk.prepare(answer, atMicros: now)
            return proceed
        case .settle(let answer):
            try desk.settle(answer, atMicros: now)
            return nil
        case .posted(let callback, let isDone):
            try desk.posted(callback, isDone: isDone, atMicros: now)
            return nil
        case .perform(let body, _, let answer):
            let error = try perform(body, desk, now)
            return { answer(error) }
        }
    }

    private func perform(
        _ body: (QueueDesk, Int64) throws -> Void,
        _ desk: QueueDesk,
        _ now: Int64
    ) throws(StorageError) -> QueueError? {
        do {
            try body(desk, now)
            return nil
        } catch let error as StorageError {
            throw error
        } catch let error as QueueError {
            return error
        } catch {
            return .storage(StorageError(.fault, "\(error)"))
        }
    }

    /// Nothing of the turn is in the file: who can try again is told, the rest is kept.
    private func fail(
        _ desk: QueueDesk,
        _ pending: inout [Command],
        _ error: StorageError,
        _ now: Int64
    ) {
        desk.abandonTurn()
        logger.error(
            "queues cannot be written; trying again",
            metadata: ["error": "\(error)", "pending": "\(pending.count)"]
        )
        var kept: [Command] = []
        for command in pending {
            switch command {
            case .perform(let body, true, let answer):
                do throws(StorageError) { answer(try perform(body, desk, now)) } catch {
                    answer(.storage(error))
                }
            case .perform(_, false, let answer): answer(.storage(error))
            case .prepare, .settle, .posted: kept.append(command)
            }
        }
        pending = kept
    }

    /// Between two tries at a transaction.
    private static let retryMicros: Int64 = 200_000
    /// However long nothing is due, the clock is looked at again: it may have been set.
    private static let waitMicrosMax: Int64 = 60_000_000
}
