/// The answer to `GET /v1/queues`.
package struct QueueList: Sendable, Hashable, Codable {
    package var queues: [QueueReport]

    package init(queues: [QueueReport]) { self.queues = queues }
}

/// The answer to `GET /v1/queues/NAME`: what waits in a queue, and how fast it drains.
///
/// What is counted, is counted since the gateway started.
package struct QueueReport: Sendable, Hashable, Codable {
    package var name: String
    /// Takes its messages; nil when no manifest names the queue as a source.
    package var function: String?
    /// `embedded`, or the broker's URL without its password.
    package var source: String
    /// Ready, delayed and in flight together.
    package var depth: Int
    package var ready: Int
    /// Not to be delivered before an instant to come.
    package var delayed: Int
    /// Delivered to an instance, and not over.
    package var inFlight: Int
    /// Dead letters that came from this queue.
    package var dead: Int
    /// Where its dead letters lie.
    package var deadQueue: String?
    /// Of the oldest message that is not over; nil when there is none.
    package var oldestAgeMillis: Int64?
    package var enqueued: Int64
    package var completed: Int64
    /// Attempts after a message's first.
    package var retried: Int64
    package var deadLettered: Int64
    /// Messages completed a second, over the last minute.
    package var perSecond: Double
    /// The last thing that went wrong with the queue itself, such as a broker that is away.
    package var lastError: String?

    package init(
        name: String,
        function: String?,
        source: String,
        ready: Int,
        delayed: Int,
        inFlight: Int,
        dead: Int,
        deadQueue: String?,
        oldestAgeMillis: Int64?,
        enqueued: Int64,
        completed: Int64,
        retried: Int64,
        deadLettered: Int64,
        perSecond: Double,
        lastError: String?
    ) {
        self.name = name
        self.function = function
        self.source = source
        self.depth = ready + delayed + inFlight
        self.ready = ready
        self.delayed = delayed
        self.inFlight = inFlight
        self.dead = dead
        self.deadQueue = deadQueue
        self.oldestAgeMillis = oldestAgeMillis
        self.enqueued = enqueued
        self.completed = completed
        self.retried = retried
        self.deadLettered = deadLettered
        self.perSecond = perSecond
        self.lastError = lastError
    }
}
