import Functions
import Logging
import Storage

/// Everything about queues that one thread decides and writes.
///
/// Each turn is one transaction. What a verb changes in memory it leaves to `after`, which is done
/// once the transaction is committed and dropped when it is not, so that memory never runs ahead of
/// the file.
final class QueueDesk {
    /// What the desk knows of a queue besides its messages.
    final class Queue {
        let number: Int64
        let key: QueueKey
        /// Whose it is, whichever function it feeds: who made it first.
        let account: Account
        var consumer: QueueConsumer?
        /// What its last consumer was told, which goes for what is in flight when that is gone.
        var plan: QueueConsumer.Plan?
        /// The last place that was given out.
        var last: Int64
        /// Messages up to here were there before this gateway was: the ledger may know more of
        /// them.
        let unknownUpTo: Int64
        var waiting = 0
        var delayed = 0
        /// Dead letters by the queue they died in.
        var dying: [Int64: Int] = [:]
        var counts = QueueCounts()

        /// Where its dead letters go, as far as it ever had a function.
        var dead: Int64? { plan?.dead }

        init(number: Int64, key: QueueKey, account: Account, last: Int64) {
            self.number = number
            self.key = key
            self.account = account
            self.last = last
            unknownUpTo = last
        }
    }

    /// A message in flight.
    struct Lease {
        /// With all attempts before this one counted.
        var message: StoredMessage
        var attempt: Int32
        /// Its verdict may be in the file.
        var isPrepared = false
    }

    /// What is due when, as far as is known: a turn changes it as it goes, and one that fails has
    /// changed nothing.
    struct Agenda {
        /// Microseconds since 1970.
        var nextDue: Int64?
        var nextCallback: Int64?
        var nextForget: Int64 = 0
        /// Callbacks that are being posted.
        var posting: Set<InvocationID> = []
        var resultBytes = 0
    }

    let connection: QueueConnection
    let ledger: Ledger
    let limits: TriggerLimits
    let logger: Logger
    let begin: ([Invocation]) -> Void
    var queues: [Int64: Queue] = [:]
    var numbers: [QueueKey: Int64] = [:]
    var leases: [Int64: Lease] = [:]
    /// Queues that may have something to begin.
    var active: Set<Int64> = []
    var after: [() -> Void] = []
    /// What takes back changes in memory that had to be made before the commit.
    var undo: [() -> Void] = []
    /// Queues whose rows may not be in the file yet.
    private var unwritten: [Int64: (key: QueueKey, account: Account)] = [:]
    /// Ends that were found in the ledger, to be taken in with the next turn.
    var recovered: [Answer] = []
    /// Who waits for a message's end, each by a mark of its own.
    var waiters: [InvocationID: [UInt64: AsyncStream<Void>.Continuation]] = [:]
    var functions: [String: BoundFunction] = [:]
    var schedules: [ScheduleKey: ScheduleEntry] = [:]
    var agenda = Agenda()
    private var agendaBefore = Agenda()
    let post: (StoredCallback) -> Void

    init(
        connection: QueueConnection,
        ledger: Ledger,
        limits: TriggerLimits,
        logger: Logger,
        begin: @escaping ([Invocation]) -> Void,
        post: @escaping (StoredCallback) -> Void
    ) throws(StorageError) {
        self.connection = connection
        self.ledger = ledger
        self.limits = limits
        self.logger = logger
        self.begin = begin
        self.post = post
        agenda.resultBytes = try connection.resultBytes()
        let owners = try connection.owners()
        for (number, key) in try connection.queues() {
            try open(number, key, owners[number] ?? .local)
        }
        for count in try connection.counts() where queues[count.queue] != nil {
            if let origin = count.origin {
                queues[count.queue]?.dying[origin, default: 0] += count.messages
            } else if count.isDelayed {
                queues[count.queue]?.delayed += count.messages
            }
            queues[count.queue]?.waiting += count.messages
        }
        agenda.nextDue = try connection.nextDue(afterMicros: 0)
        agenda.nextCallback = try connection.nextCallback(afterMicros: 0)
    }

    private func open(
        _ number: Int64,
        _ key: QueueKey,
        _ account: Account
    ) throws(StorageError) {
        let last = try connection.lastPlace(in: number)
        let first = MessagePlace.range(of: number).lowerBound
        queues[number] = Queue(number: number, key: key, account: account, last: last ?? first)
        numbers[key] = number
    }

    /// Begins a turn's transaction, with the queues that a failed one left unwritten.
    func beginTurn() throws(StorageError) {
        agendaBefore = agenda
        try connection.begin()
        for (number, queue) in unwritten {
            try connection.putQueue(number, queue.key, account: queue.account)
        }
    }

    /// The turn is in the file: memory follows.
    func endTurn() throws(StorageError) {
        try connection.commit()
        unwritten.removeAll()
        undo.removeAll(keepingCapacity: true)
        let effects = after
        after.removeAll(keepingCapacity: true)
        for effect in effects { effect() }
    }

    /// Nothing of the turn is in the file.
    func abandonTurn() {
        connection.abandon()
        agenda = agendaBefore
        after.removeAll()
        for effect in undo.reversed() { effect() }
        undo.removeAll()
    }

    /// The number of a queue, which is made if it is not there.
    ///
    /// Outside of what `undo` takes back, as plans may have it: it is written with the next turn.
    func number(of key: QueueKey, for account: Account) throws(StorageError) -> Int64 {
        if let number = numbers[key] { return number }
        guard let number = try connection.addQueue(key, account: account) else {
            throw StorageError(.fault, "the queue \(key.name) is there and unknown")
        }
        unwritten[number] = (key: key, account: account)
        try open(number, key, account)
        return number
    }

    /// A free place at the end of a queue.
    func place(in queue: Int64) -> Int64 {
        guard let queue = queues[queue] else { return 0 }
        queue.last += 1
        return queue.last
    }

    func endWaits(for id: InvocationID) {
        for end in (waiters.removeValue(forKey: id) ?? [:]).values { end.finish() }
    }

    func key(of queue: Int64) -> QueueKey {
        queues[queue]?.key ?? QueueKey(.queue, "\(queue)")
    }
}
