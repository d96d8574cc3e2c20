import Glibc
import Triggers

/// A consumer of one SQS queue: each call is a request of its own, or several.
final class SQSConnection: BrokerConnection {
    /// The protocol's: messages in one request.
    private static let batchMax = 10
    /// The protocol's: the longest long poll.
    private static let waitSecondsMax = 20
    /// The protocol's: how long a message can be invisible, counted from its receipt.
    private static let invisibleSecondsMax = 43_200
    /// A wait of this and more is a long poll.
    private static let longPollMillisMin = 100
    private static let shortPollGapMillis: Int64 = 200
    private static let millisPerSecond = 1_000
    private static let microsPerMilli: Int64 = 1_000

    let leaseMillis: Int?
    private let client: SQSClient
    private let leaseSeconds: Int
    private var nextPollMillis: Int64 = 0

    init(_ client: SQSClient, leaseMillis: Int) {
        self.client = client
        leaseSeconds = Self.seconds(leaseMillis)
        self.leaseMillis = leaseSeconds * Self.millisPerSecond
    }

    /// Says whether the queue is there and the keys open it.
    func checkQueue() throws(BrokerError) {
        let request = SQSWire.GetQueueAttributes(queueUrl: client.place.queueURL)
        let _: SQSWire.Nothing = try client.call("GetQueueAttributes", request)
    }

    func close() {}

    /// A wait that is worth a long poll is one, in whole seconds, rounded up.
    ///
    /// A shorter one asks once, and not again at once after it got nothing: each request is paid
    /// for.
    func receive(max most: Int, waitMillis: Int) throws(BrokerError) -> [BrokerMessage] {
        let isLong = waitMillis >= Self.longPollMillisMin
        if !isLong {
            let rest = nextPollMillis - MonotonicClock.nowMillis
            guard rest <= Int64(waitMillis) else {
                _ = poll(nil, 0, Int32(clamping: waitMillis))
                return []
            }
            if rest > 0 { _ = poll(nil, 0, Int32(clamping: rest)) }
        }
        let count = min(most, BrokerLimits.messagesMax)
        var messages: [BrokerMessage] = []
        while messages.count < count {
            let asked = min(count - messages.count, Self.batchMax)
            let seconds = isLong && messages.isEmpty ? Self.seconds(waitMillis) : 0
            let new = try take(asked, waitSeconds: min(seconds, Self.waitSecondsMax))
            messages += new
            if new.count < asked { break }
        }
        if messages.isEmpty {
            nextPollMillis = MonotonicClock.nowMillis + Self.shortPollGapMillis
        }
        return messages
    }

    func settle(_ settlements: [BrokerSettlement]) throws(BrokerError) {
        var done: [BrokerMessage.Token] = []
        var again: [(token: BrokerMessage.Token, seconds: Int)] = []
        for settlement in settlements {
            switch settlement.verdict {
            case .acknowledged: done.append(settlement.token)
            case .again(let millis):
                again.append(
                    (settlement.token, min(Self.seconds(millis), Self.invisibleSecondsMax))
                )
            }
        }
        try inBatches("DeleteMessageBatch", done) { id, token in
            SQSWire.DeleteEntry(id: id, receiptHandle: token)
        }
        try hide(again)
    }

    func extend(_ tokens: [BrokerMessage.Token]) throws(BrokerError) {
        try hide(tokens.map { ($0, leaseSeconds) })
    }
}

extension SQSConnection {
    private func take(_ count: Int, waitSeconds: Int) throws(BrokerError) -> [BrokerMessage] {
        let received: SQSWire.Received = try client.call(
            "ReceiveMessage",
            SQSWire.Receive(
                queueUrl: client.place.queueURL,
                maxNumberOfMessages: count,
                waitTimeSeconds: waitSeconds,
                visibilityTimeout: leaseSeconds
            ),
            waitMillis: waitSeconds * Self.millisPerSecond
        )
        return (received.messages ?? []).map(Self.message)
    }

    private func hide(
        _ messages: [(token: BrokerMessage.Token, seconds: Int)]
    ) throws(BrokerError) {
        try inBatches("ChangeMessageVisibilityBatch", messages) { id, message in
            SQSWire.VisibilityEntry(
                id: id,
                receiptHandle: message.token,
                visibilityTimeout: message.seconds
            )
        }
    }

    /// A receipt that has expired is passed over: the message comes again in any case.
    private func inBatches<Item, Entry: Encodable>(
        _ action: String,
        _ items: [Item],
        _ entry: (String, Item) -> Entry
    ) throws(BrokerError) {
        for start in stride(from: 0, to: items.count, by: Self.batchMax) {
            let batch = items[start..<min(items.count, start + Self.batchMax)]
            let entries = batch.enumerated().map { entry("\($0.offset)", $0.element) }
            let answer: SQSWire.BatchAnswer = try client.call(
                action,
                SQSWire.Batch(queueUrl: client.place.queueURL, entries: entries)
            )
            let failure = (answer.failed ?? []).first { $0.senderFault != true }
            guard let failure else { continue }
            throw BrokerError(
                .disconnected,
                "SQS at \(client.place.shown) did not do \(action): "
                    + BrokerError.quote(failure.code, without: client.place.secret)
            )
        }
    }

    private static func message(_ message: SQSWire.Message) -> BrokerMessage {
        var headers = HeaderFields()
        for (name, attribute) in message.messageAttributes ?? [:] {
            if let value = attribute.stringValue { headers.append(name, value) }
        }
        let sentMillis = message.attributes?["SentTimestamp"].flatMap { Int64($0) }
        let receipts = message.attributes?["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1
        return BrokerMessage(
            token: message.receiptHandle,
            identity: message.messageId,
            sentAtMicros: sentMillis.map { $0 * microsPerMilli },
            isRedelivered: receipts > 1,
            headers: headers.fields,
            body: Array(message.body.utf8)
        )
    }

    /// Rounded up.
    private static func seconds(_ millis: Int) -> Int {
        max(0, (millis + millisPerSecond - 1) / millisPerSecond)
    }
}
