#if NATS
import CNATS
import Triggers

/// A durable pull consumer's messages, asked for by JetStream's own requests.
///
/// The library's fetch takes the answer to one request for that to the next, and waits until a
/// whole batch is there. Here each request has a subject of its own for its end, and is waited for
/// until it has ended. A message's token is the subject of its acknowledgements, so nothing is kept
/// between calls.
final class NATSConnection: BrokerConnection {
    private static let nanosPerMilli: Int64 = 1_000_000

    let leaseMillis: Int?
    private let link: NATSLink
    private let place: NATSPlace
    private let inbox: String
    private var subscription: OpaquePointer?
    private var requests: UInt64 = 0

    init(_ place: NATSPlace, link: NATSLink, leaseMillis: Int) throws(BrokerError) {
        self.link = link
        self.place = place
        self.leaseMillis = leaseMillis
        var inbox: UnsafeMutablePointer<CChar>?
        defer { natsInbox_Destroy(inbox) }
        try NATSFault.check(natsInbox_Create(&inbox), link.url, "could not be set up")
        self.inbox = inbox.map { String(cString: $0) } ?? ""
        let status = natsConnection_SubscribeSync(
            &subscription,
            link.connection,
            "\(self.inbox).*"
        )
        try NATSFault.check(status, link.url, "took no subscription")
    }

    deinit { close() }

    func close() {
        natsSubscription_Destroy(subscription)
        subscription = nil
        natsConnection_Close(link.connection)
    }

    /// Asks for what is there; only where there is nothing it waits, for one message: a request for
    /// more would go on after the first.
    func receive(max most: Int, waitMillis: Int) throws(BrokerError) -> [BrokerMessage] {
        let count = min(most, BrokerLimits.messagesMax)
        let wait = min(waitMillis, BrokerLimits.waitMillisMax)
        let ready = try fetch(count, waitMillis: nil)
        guard ready.isEmpty, wait > 0 else { return ready }
        let first = try fetch(1, waitMillis: wait)
        guard !first.isEmpty, count > 1 else { return first }
        return first + (try fetch(count - 1, waitMillis: nil))
    }

    func settle(_ settlements: [BrokerSettlement]) throws(BrokerError) {
        guard !settlements.isEmpty else { return }
        for settlement in settlements {
            let answer =
                switch settlement.verdict {
                case .acknowledged: "+ACK"
                case .again(let millis) where millis <= 0: "-NAK"
                case .again(let millis): "-NAK {\"delay\": \(Int64(millis) * Self.nanosPerMilli)}"
                }
            try link.publish(answer, to: settlement.token)
        }
        try link.flush()
    }

    func extend(_ tokens: [BrokerMessage.Token]) throws(BrokerError) {
        guard !tokens.isEmpty else { return }
        for token in tokens { try link.publish("+WPI", to: token) }
        try link.flush()
    }
}

extension NATSConnection {
    /// `waitMillis` nil: only what is there.
    private func fetch(_ count: Int, waitMillis: Int?) throws(BrokerError) -> [BrokerMessage] {
        requests += 1
        let end = "\(inbox).\(requests)"
        let until =
            waitMillis.map { "\"expires\": \(Int64($0) * Self.nanosPerMilli)" }
            ?? "\"no_wait\": true"
        let status = natsConnection_PublishRequestString(
            link.connection,
            "$JS.API.CONSUMER.MSG.NEXT.\(place.stream).\(place.durable)",
            end,
            "{\"batch\": \(count), \(until)}"
        )
        try NATSFault.check(status, link.url, "took no request")
        let deadline =
            MonotonicClock.nowMillis + Int64((waitMillis ?? 0) + BrokerLimits.requestMillis)
        var messages: [BrokerMessage] = []
        while messages.count < count {
            var message: OpaquePointer?
            defer { natsMsg_Destroy(message) }
            let rest = max(1, deadline - MonotonicClock.nowMillis)
            let status = natsSubscription_NextMsg(&message, subscription, rest)
            guard status == NATS_OK, let message else {
                throw NATSFault.error(status, link.url, "gave no messages")
            }
            if let received = NATSMessage.decoded(message) {
                messages.append(received)
            } else if try isEnd(message, of: end) {
                break
            }
        }
        return messages
    }

    /// Whether a message without content is the end of a request: 404 where there is nothing, 408
    /// when its time is over, 409 for one of the consumer's limits.
    private func isEnd(_ message: OpaquePointer, of end: String) throws(BrokerError) -> Bool {
        let said = NATSMessage.header("Description", of: message) ?? ""
        switch NATSMessage.header("Status", of: message) {
        case "404", "408": break
        case "409" where said.contains("Exceeded"): break
        case let status?:
            throw BrokerError(
                .disconnected,
                "NATS at \(link.url.shown) ended the request with \(status): "
                    + BrokerError.quote(said, without: link.url.password)
            )
        case nil: return false
        }
        return natsMsg_GetSubject(message).map { String(cString: $0) } == end
    }
}
#endif
