package import Functions
package import Storage

/// One queue's way to its function: what is taken next, how much at once, and in which order.
///
/// Pure: the desk tells it what it read and what ended, and asks it what to begin. A queue is read
/// from its front by a cursor. Messages of one group go one after another: while one is under way,
/// or waits for another attempt, those that the cursor meets behind it are left in the file, to be
/// read by their group when its turn has come.
package struct QueueConsumer {
    /// What the manifest says.
    package struct Plan: Hashable {
        package var function: FunctionName
        package var trigger: Trigger
        /// Messages in flight at once.
        package var capacity: Int
        package var attempts: Int
        package var backoff: Backoff
        /// The number of the queue for dead letters.
        package var dead: Int64
        /// Whether answers are kept as results.
        package var keepsAnswers = false

        package init(
            function: FunctionName,
            trigger: Trigger,
            capacity: Int,
            attempts: Int,
            backoff: Backoff,
            dead: Int64,
            keepsAnswers: Bool = false
        ) {
            self.function = function
            self.trigger = trigger
            self.capacity = capacity
            self.attempts = attempts
            self.backoff = backoff
            self.dead = dead
            self.keepsAnswers = keepsAnswers
        }
    }

    /// A group of which a message is under way or delayed.
    private struct Group {
        /// The message whose end the others wait for.
        var head: Int64
        /// The cursor has met others behind it.
        var hasMore = false
    }

    package var plan: Plan
    package let groupsMax: Int
    /// The place of the last message that was read.
    package private(set) var cursor: Int64
    /// Nothing was behind the cursor when it was last looked at.
    package private(set) var isAtEnd = false
    package private(set) var inFlight = 0
    /// Of those in flight, attempts that are over and only wait for their ends to be written: what
    /// follows them need not.
    var over = 0
    private var ready: [StoredMessage] = []
    private var readyFirst = 0
    private var groups: [String: Group] = [:]
    /// Microseconds; nothing is begun before.
    package private(set) var pausedUntil: Int64 = 0
    private var refusals = 0

    package init(plan: Plan, queue: Int64, groupsMax: Int) {
        self.plan = plan
        self.groupsMax = groupsMax
        cursor = MessagePlace.range(of: queue).lowerBound - 1
    }

    /// Messages that may be begun now.
    package func room(atMicros now: Int64) -> Int {
        now < pausedUntil ? 0 : max(0, plan.capacity - inFlight + over)
    }

    /// Whether more should be read before anything can be begun.
    package var isHungry: Bool { readyFirst == ready.count && !isAtEnd && groups.count < groupsMax }

    /// There may be messages behind the cursor again.
    package mutating func arrived() { isAtEnd = false }

    /// A message is delayed that others of its group wait for.
    package mutating func hold(group: String, for place: Int64) {
        groups[group] = Group(head: place, hasMore: true)
    }

    /// A message is in flight since before this consumer was.
    package mutating func adopt(group: String?, place: Int64) {
        inFlight += 1
        if let group { hold(group: group, for: place) }
    }

    /// Forgets what was read and not begun: it may no longer be in the file.
    package mutating func dropRead() {
        for message in ready[readyFirst...] {
            cursor = min(cursor, message.place - 1)
            if let key = message.groupKey, groups[key]?.head == message.place { groups[key] = nil }
        }
        ready.removeAll()
        readyFirst = 0
        isAtEnd = false
    }

    /// Takes in what lies behind the cursor; `isLast` when that was all of it.
    package mutating func read(_ messages: [StoredMessage], isLast: Bool) {
        isAtEnd = isLast
        for message in messages {
            cursor = max(cursor, message.place)
            if let key = message.groupKey {
                if groups[key] != nil {
                    groups[key]?.hasMore = true
                    continue
                }
                groups[key] = Group(head: message.place)
            }
            ready.append(message)
        }
    }

    /// All up to `place` is in flight already.
    package mutating func skip(to place: Int64) { cursor = max(cursor, place) }

    /// A message of a group whose turn has come.
    package mutating func read(_ message: StoredMessage, ofGroup key: String) {
        groups[key]?.head = message.place
        putFirst(message)
    }

    /// The next message to begin; it is in flight from now on.
    package mutating func next() -> StoredMessage? {
        guard readyFirst < ready.count else { return nil }
        let message = ready[readyFirst]
        readyFirst += 1
        if readyFirst == ready.count {
            ready.removeAll(keepingCapacity: true)
            readyFirst = 0
        }
        inFlight += 1
        return message
    }

    /// A message could not be begun: it is the next one again, after a pause.
    package mutating func refused(_ message: StoredMessage, atMicros now: Int64) {
        inFlight -= 1
        if now >= pausedUntil { refusals += 1 }
        let pause = min(Self.pauseMicrosMax, Self.pauseMicros << Int64(min(refusals - 1, 10)))
        pausedUntil = max(pausedUntil, now + max(pause, Self.pauseMicros))
        putFirst(message)
    }

    /// What ends a message's time in flight.
    package enum End {
        /// It has left the queue.
        case left
        /// It waits for another attempt.
        case delayed
    }

    /// An attempt is over.
    /// - Returns: the place behind which the next message of its group is to be looked for.
    package mutating func ended(_ place: Int64, group key: String?, _ end: End) -> Int64? {
        inFlight -= 1
        refusals = 0
        guard let key, let group = groups[key] else { return nil }
        switch end {
        case .delayed:
            groups[key]?.hasMore = true
            return nil
        case .left:
            guard group.hasMore else {
                groups[key] = nil
                return nil
            }
            return place
        }
    }

    /// What was found when `ended` asked for more of a group; nil when there is nothing.
    package mutating func found(_ message: StoredMessage?, ofGroup key: String) {
        // What lies behind the cursor is met by it.
        guard let message, message.place <= cursor else {
            groups[key] = nil
            return
        }
        read(message, ofGroup: key)
    }

    private mutating func putFirst(_ message: StoredMessage) {
        if readyFirst > 0 {
            readyFirst -= 1
            ready[readyFirst] = message
        } else {
            ready.insert(message, at: 0)
        }
    }

    /// The pause after a refusal is doubled each time.
    private static let pauseMicros: Int64 = 20_000
    private static let pauseMicrosMax: Int64 = 5_000_000
}
