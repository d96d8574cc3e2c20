package import Functions
package import Storage

/// A message that someone wants enqueued.
package struct MessageOrder: Sendable {
    package var message: NewMessage
    /// A second one with the same id within a time is the first one.
    package var deduplicationID: String?

    package init(_ message: NewMessage, deduplicationID: String? = nil) {
        self.message = message
        self.deduplicationID = deduplicationID
    }
}

/// What became of an order: the ids in the order's order, and how many were duplicates.
package struct Enqueued: Sendable {
    package var ids: [InvocationID] = []
    package var duplicates = 0
}

/// Why a queue did not do what it was asked.
package enum QueueError: Error, Sendable {
    case notFound(QueueKey)
    /// Over the limit of messages or bytes, in words.
    case full(String)
    /// The file cannot be written now.
    case storage(StorageError)
    /// It has messages, or a function names it.
    case inUse(String)
    case closed
}

/// How a queue is doing.
package struct QueueStatus: Sendable {
    package var key: QueueKey
    package var account: Account
    package var function: FunctionName?
    package var deadQueue: String?
    package var ready: Int
    package var delayed: Int
    package var inFlight: Int
    package var dead: Int
    package var oldest: InvocationID?
    package var counts: QueueCounts
}

/// What happened to a queue's messages since the gateway was started.
package struct QueueCounts: Sendable {
    package var enqueued: Int64 = 0
    package var completed: Int64 = 0
    package var retried: Int64 = 0
    package var deadLettered: Int64 = 0
    package var lastError: String?
    /// Completions in each of the last 60 seconds.
    private var seconds: [Int32] = []
    private var lastSecond: Int64 = 0

    package init() {}

    mutating func completed(atMicros now: Int64) {
        completed += 1
        advance(to: now / 1_000_000)
        if !seconds.isEmpty { seconds[Int(lastSecond % Self.window)] += 1 }
    }

    /// Completions a second over the last minute.
    package mutating func perSecond(atMicros now: Int64) -> Double {
        advance(to: now / 1_000_000)
        return Double(seconds.reduce(0) { $0 + Int64($1) }) / Double(Self.window)
    }

    private mutating func advance(to second: Int64) {
        if seconds.isEmpty {
            seconds = Array(repeating: 0, count: Int(Self.window))
            lastSecond = second
        }
        guard second > lastSecond else { return }
        for passed in max(lastSecond + 1, second - Self.window + 1)...second {
            seconds[Int(passed % Self.window)] = 0
        }
        lastSecond = second
    }

    private static let window: Int64 = 60
}

/// Where an invocation is that a queue has or had, and the function that takes from there.
package enum InvocationPlace: Sendable {
    case waiting(QueueKey, FunctionName?)
    case running(QueueKey, FunctionName?, attempt: Int32)
    case retrying(QueueKey, FunctionName?, dueAt: Int64, MessageFailure?)
    /// The queue it died in.
    case dead(QueueKey, FunctionName?, MessageFailure?)
    /// Not in any queue.
    case none
}
