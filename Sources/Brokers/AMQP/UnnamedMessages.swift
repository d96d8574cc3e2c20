/// Identities for messages that have no `message-id`, for which AMQP knows no identity at all.
///
/// Each first delivery gets a new one. A redelivery gets the identity of a message with the same
/// content that was given back or was in flight when a connection broke: messages with the same
/// content can stand for each other. What is not found gets a new identity too, so that no message
/// is ever taken for one that is done: rather twice than never.
package struct UnnamedMessages {
    /// Identities that wait for a redelivery; what is over is not kept.
    package static let countMax = 10_000
    /// After this a redelivery is not expected here any more: another consumer got it.
    package static let waitMillisMax: Int64 = 300_000

    private struct Waiting {
        var identity: String
        var untilMillis: Int64
    }

    private var waiting: [Int: [Waiting]] = [:]
    private var count = 0

    package init() {}

    /// `fresh` is taken where no redelivery with this content is expected.
    package mutating func identity(
        content: Int,
        isRedelivered: Bool,
        atMillis now: Int64,
        fresh: @autoclosure () -> String
    ) -> String {
        guard isRedelivered else { return fresh() }
        while let last = waiting[content]?.popLast() {
            count -= 1
            if waiting[content]?.isEmpty == true { waiting[content] = nil }
            if last.untilMillis > now { return last.identity }
        }
        return fresh()
    }

    /// The broker will deliver this message again.
    package mutating func expect(_ identity: String, content: Int, atMillis now: Int64) {
        if count >= Self.countMax { removeOld(atMillis: now) }
        guard count < Self.countMax else { return }
        waiting[content, default: []]
            .append(Waiting(identity: identity, untilMillis: now + Self.waitMillisMax))
        count += 1
    }

    private mutating func removeOld(atMillis now: Int64) {
        waiting = waiting.mapValues { $0.filter { $0.untilMillis > now } }.filter {
            !$0.value.isEmpty
        }
        count = waiting.values.reduce(0) { $0 + $1.count }
    }
}
