import Functions
import GatewayServer
import Logging
import NIOConcurrencyHelpers
import Storage

/// Takes one function's messages from one broker: a thread that receives, hands out, keeps leases
/// alive and settles.
///
/// The ledger is the memory of attempts: a message whose completed row is there, or that is a dead
/// letter, is acknowledged and not run again, and any other goes on with the next attempt's number.
final class BrokerConsumer: @unchecked Sendable {
    /// What is told to the thread.
    enum Event {
        case answered(Answer, proceed: @Sendable () -> Void)
        case ended(Answer)
    }

    /// What reports say.
    struct Status: Sendable {
        var counts = QueueCounts()
        var inFlight = 0
    }

    /// A message in flight.
    struct Lease {
        var message: BrokerMessage
        /// Of deliveries of the same message that came before: they are settled with it.
        var earlierTokens: Set<BrokerMessage.Token> = []
        var id: InvocationID
        var attempt: Int32
        /// Nanoseconds of the monotonic clock: when the broker last heard of it.
        var extendedAt: Int64
        /// Whether it is a dead letter already, kept before its usage record was written.
        var isBuried = false

        mutating func replaceToken(_ token: BrokerMessage.Token) {
            guard token != message.token else { return }
            earlierTokens.insert(message.token)
            message.token = token
        }
    }

    let function: FunctionName
    let trigger: QueueTrigger
    let source: BrokerSource
    let capacity: Int
    let engine: QueueEngine
    let logger: Logger
    private let driver: any BrokerDriver
    private let invoker: any Invoker
    private let claims: BrokerClaims
    private let monitor = Monitor()
    private var events: [Event] = []
    private var isStopping = false
    private let thread = NIOLockedValueBox<DedicatedThread?>(nil)
    private let shared = NIOLockedValueBox(Status())
    // The thread's own.
    private var leases: [Int64: Lease] = [:]
    private var lastToken: Int64 = 0
    private var settlements: [BrokerSettlement] = []

    init(
        function: BoundFunction,
        trigger: QueueTrigger,
        source: BrokerSource,
        driver: any BrokerDriver,
        engine: QueueEngine,
        invoker: any Invoker,
        claims: BrokerClaims,
        logger: Logger
    ) throws(StorageError) {
        self.function = function.name
        self.trigger = trigger
        self.source = source
        self.driver = driver
        self.engine = engine
        self.invoker = invoker
        self.claims = claims
        self.logger = logger
        capacity = Self.capacity(trigger, of: function)
        let thread = try DedicatedThread(name: source.kind.rawValue) { self.serve() }
        self.thread.withLockedValue { $0 = thread }
    }

    /// Takes nothing new; the thread ends when nothing is in flight.
    func stop() {
        monitor.lock()
        isStopping = true
        monitor.unlock()
        monitor.signal()
    }

    /// Returns once the thread has ended, after `stop`.
    func join() {
        thread.withLockedValue { thread in
            thread?.join()
            thread = nil
        }
    }

    /// Whether it is as it would be made for a function as it is now.
    func fits(_ function: BoundFunction) -> Bool {
        capacity == Self.capacity(trigger, of: function)
    }

    private static func capacity(_ trigger: QueueTrigger, of function: BoundFunction) -> Int {
        let batches = trigger.concurrency ?? max(1, function.capacity / trigger.batch)
        return min(batches * trigger.batch, inFlightMax)
    }

    var status: Status { shared.withLockedValue { $0 } }

    /// Messages in flight at once, whatever the manifest says.
    private static let inFlightMax = 1024
    private static let connectMillis = 5_000
    /// How long a broker is asked to wait for a message: with nothing under way, and with.
    private static let idleWaitMillis = 250
    private static let busyWaitMillis = 10
    private static let reconnectMillis = 100
    private static let reconnectMillisMax = 10_000
}

extension BrokerConsumer: InvocationObserver {
    func answered(_ answer: Answer, proceed: @escaping @Sendable () -> Void) {
        tell(.answered(answer, proceed: proceed))
    }

    func ended(_ answer: Answer) { tell(.ended(answer)) }

    private func tell(_ event: Event) {
        monitor.lock()
        events.append(event)
        monitor.unlock()
        monitor.signal()
    }
}

// The thread.
extension BrokerConsumer {
    private func serve() {
        var pause = Self.reconnectMillis
        while !isDone {
            do throws(BrokerError) {
                let connection = try driver.connect(
                    source,
                    capacity: capacity,
                    timeoutMillis: Self.connectMillis
                )
                defer { connection.close() }
                logger.info("connected to a broker", metadata: metadata)
                pause = Self.reconnectMillis
                try serve(connection)
            } catch {
                failed(error)
                // What was in flight is delivered again; its settlement would reach nobody.
                settlements = []
                wait(millis: pause) { false }
                pause = min(pause * 2, Self.reconnectMillisMax)
                takeEvents()
                settlements = []
            }
        }
    }

    private func serve(_ connection: any BrokerConnection) throws(BrokerError) {
        while !isDone {
            takeEvents()
            if !settlements.isEmpty {
                try connection.settle(settlements)
                settlements = []
            }
            try extend(connection)
            let isStopped = isStopped
            if isStopped { try connection.stopReceiving() }
            let room = isStopped ? 0 : capacity - leases.count
            guard room > 0 else {
                wait(millis: Self.idleWaitMillis) { !self.events.isEmpty }
                continue
            }
            let messages = try connection.receive(
                max: room,
                waitMillis: leases.isEmpty ? Self.idleWaitMillis : Self.busyWaitMillis
            )
            if !messages.isEmpty { start(messages) }
        }
    }

    private func start(_ messages: [BrokerMessage]) {
        let taken = claim(messages)
        guard let (known, dead) = history(of: taken) else {
            for lease in taken { giveBack(lease) }
            return
        }
        var invocations: [Invocation] = []
        for var lease in taken {
            if known[lease.id]?.completed != nil || dead.contains(lease.id) {
                settle(lease, .acknowledged)
                claims.release(lease.id)
                continue
            }
            lastToken += 1
            lease.attempt = (known[lease.id]?.last ?? 0) + 1
            leases[lastToken] = lease
            invocations.append(invocation(of: lease, lastToken))
        }
        note {
            $0.counts.enqueued += Int64(invocations.count)
            $0.inFlight = self.leases.count
        }
        if !invocations.isEmpty { invoker.begin(invocations, observer: self) }
    }

    /// Takes what nobody has in flight.
    ///
    /// A broker may deliver again what is under way here, and a client may have sent it twice: the
    /// newest token is kept alive, and all of them are settled.
    private func claim(_ messages: [BrokerMessage]) -> [Lease] {
        var taken: [Lease] = []
        for message in messages {
            let id = message.invocationID(source: source, function: function)
            if claims.take(id) {
                let now = Monitor.nowNanos()
                taken.append(Lease(message: message, id: id, attempt: 0, extendedAt: now))
            } else if let key = leases.first(where: { $0.value.id == id })?.key {
                leases[key]?.replaceToken(message.token)
            } else if let index = taken.firstIndex(where: { $0.id == id }) {
                taken[index].replaceToken(message.token)
            } else {
                // A consumer that was replaced has it: the ledger will say what came of it.
                let verdict = BrokerSettlement.Verdict.again(afterMillis: Self.refusedMillis)
                settlements.append(BrokerSettlement(token: message.token, verdict: verdict))
            }
        }
        return taken
    }

    /// What the ledger has of messages, and which of them are dead letters; nil when it cannot be
    /// read now.
    private func history(
        of taken: [Lease]
    ) -> (known: [InvocationID: Ledger.Attempts], dead: Set<InvocationID>)? {
        do throws(StorageError) {
            let known = try engine.ledger.attempts(of: taken.map(\.id))
            var again: [InvocationID: Int32] = [:]
            for lease in taken where lease.message.isRedelivered || known[lease.id] != nil {
                again[lease.id] = known[lease.id]?.last ?? 0
            }
            if again.isEmpty { return (known, []) }
            return engine.deadLetters(among: again).map { (known, $0) }
        } catch {
            logger.error("the ledger cannot be read", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func invocation(of lease: Lease, _ token: Int64) -> Invocation {
        Invocation(
            id: lease.id,
            token: token,
            function: function,
            trigger: .queue(trigger.sourceName),
            attempt: lease.attempt,
            headers: lease.message.headerLines,
            body: lease.message.body,
            isAnswerKept: false,
            isLast: Int(lease.attempt) >= trigger.attempts
        )
    }

    /// Keeps what takes long for this consumer.
    private func extend(_ connection: any BrokerConnection) throws(BrokerError) {
        guard let lease = connection.leaseMillis else { return }
        let now = Monitor.nowNanos()
        let before = now - Int64(lease) * 1_000_000 / 3
        let due = leases.filter { $0.value.extendedAt < before }
        guard !due.isEmpty else { return }
        try connection.extend(due.values.map(\.message.token))
        for token in due.keys { leases[token]?.extendedAt = now }
    }

    private func takeEvents() {
        monitor.lock()
        let taken = events
        events.removeAll(keepingCapacity: true)
        monitor.unlock()
        for event in taken {
            switch event {
            case .answered(let answer, let proceed): prepare(answer, proceed)
            case .ended(let answer): settle(answer)
            }
        }
    }

    private func prepare(_ answer: Answer, _ proceed: @escaping @Sendable () -> Void) {
        guard let lease = leases[answer.token] else { return proceed() }
        if bury(lease, answer) {
            leases[answer.token]?.isBuried = true
            return proceed()
        }
        // Without the dead letter the attempt must not count: the message comes again.
        leases[answer.token] = nil
        giveBack(lease)
    }

    private func giveBack(_ lease: Lease) {
        settle(lease, .again(afterMillis: Self.refusedMillis))
        claims.release(lease.id)
    }

    private func settle(_ answer: Answer) {
        guard let lease = leases.removeValue(forKey: answer.token) else { return }
        var verdict = BrokerSettlement.Verdict.acknowledged
        let failure = MessageFailure(answer)
        switch answer.verdict {
        case .done: note { $0.counts.completed(atMicros: Clock.wallMicros()) }
        case .notAttempted: verdict = .again(afterMillis: Self.refusedMillis)
        case .failed where Int(answer.attempt) < trigger.attempts:
            let pause = trigger.backoff.pauseMillis(
                after: Int(answer.attempt),
                jitter: Double.random(in: 0..<1)
            )
            verdict = .again(afterMillis: pause)
            note {
                $0.counts.retried += 1
                $0.counts.lastError = failure.text
            }
        case .failed, .hopeless:
            if !lease.isBuried, !bury(lease, answer) {
                verdict = .again(afterMillis: Self.refusedMillis)
            }
            note {
                $0.counts.deadLettered += 1
                $0.counts.lastError = failure.text
            }
        }
        settle(lease, verdict)
        claims.release(lease.id)
        note { $0.inFlight = self.leases.count }
    }

    private func settle(_ lease: Lease, _ verdict: BrokerSettlement.Verdict) {
        for token in lease.earlierTokens.union([lease.message.token]) {
            settlements.append(BrokerSettlement(token: token, verdict: verdict))
        }
    }

    /// Keeps a dead letter; blocks until it is durable.
    /// - Returns: whether it is.
    private func bury(_ lease: Lease, _ answer: Answer) -> Bool {
        let message = NewMessage(
            id: lease.id,
            headers: lease.message.headerLines,
            body: lease.message.body
        )
        return engine.bury(
            message,
            of: function,
            in: trigger.dead,
            attempt: lease.attempt,
            failure: MessageFailure(answer)
        )
    }

    /// Waits for an event, for a time at most.
    private func wait(millis: Int, until isEnough: () -> Bool) {
        let deadline = Monitor.nowNanos() + Int64(millis) * 1_000_000
        monitor.lock()
        defer { monitor.unlock() }
        while !isEnough(), !(isStopping && leases.isEmpty) {
            guard monitor.wait(untilNanos: deadline) else { return }
        }
    }

    private var isStopped: Bool {
        monitor.lock()
        defer { monitor.unlock() }
        return isStopping
    }

    private var isDone: Bool { isStopped && leases.isEmpty && settlements.isEmpty }

    private func failed(_ error: BrokerError) {
        logger.warning(
            "a broker's connection is gone; trying again",
            metadata: metadata.merging(["error": "\(error)"]) { first, _ in first }
        )
        note { $0.counts.lastError = "\(error)" }
    }

    private var metadata: Logger.Metadata {
        ["broker": "\(source.shownURL)", "function": "\(function)"]
    }

    private func note(_ change: (inout Status) -> Void) { shared.withLockedValue(change) }

    /// Before a message that could not be begun is delivered again.
    private static let refusedMillis = 1_000
}
