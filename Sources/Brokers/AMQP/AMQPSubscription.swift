#if AMQP
import Triggers

/// What has a queue's messages sent to this connection.
///
/// The broker limits the deliveries of one subscription that are not settled, and has no other
/// count for those that wait here for another attempt: once they take up half of the limit, a new
/// subscription begins, which has the whole of it again.
struct AMQPSubscription {
    /// Messages that wait here for another attempt; with more, they count in the limit.
    private static let heldCountMax = 256

    let link: AMQPLink
    private let queue: String
    private let prefetch: UInt16
    private var number = 0
    /// Nothing comes any more but what is on its way.
    private(set) var isEnded = false
    private var heldCount = 0

    init(_ link: AMQPLink, queue: String, prefetch: UInt16) throws(BrokerError) {
        self.link = link
        self.queue = queue
        self.prefetch = max(1, prefetch)
        try begin()
    }

    /// One of its deliveries waits for another attempt from now on.
    mutating func hold(from subscription: String) {
        if subscription == tag { heldCount += 1 }
    }

    mutating func release(from subscription: String) {
        if subscription == tag { heldCount -= 1 }
    }

    /// Begins a new one where too much of this one waits; `heldCount` is that of all of them.
    mutating func makeRoom(heldCount all: Int) throws(BrokerError) {
        guard heldCount * 2 >= prefetch, all < Self.heldCountMax, !isEnded else { return }
        try link.cancel(tag: tag)
        try begin()
    }

    mutating func end() throws(BrokerError) {
        guard !isEnded else { return }
        isEnded = true
        try link.cancel(tag: tag)
    }

    private mutating func begin() throws(BrokerError) {
        number += 1
        heldCount = 0
        try link.consume(queue, prefetch: prefetch, tag: tag)
    }

    /// Deliveries name the subscription that they came by.
    private var tag: String { "faas-\(number)" }
}
#endif
