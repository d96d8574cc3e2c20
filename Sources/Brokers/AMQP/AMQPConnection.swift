#if AMQP
import CRabbitMQ
import Glibc
import Triggers

/// One consumer of a queue.
///
/// AMQP has no delayed redelivery. A message that is to come again is kept here, unsettled, until
/// its pause has passed, and is then given back to the queue; should the connection break before,
/// the broker gives it back itself.
final class AMQPConnection: BrokerConnection {
    /// RabbitMQ closes the channel of a consumer that keeps a message for longer than its
    /// `consumer_timeout`, 30 minutes by default.
    private static let holdMillisMax: Int64 = 1_200_000

    private struct Unsettled {
        var tag: UInt64
        var subscription: String
        var identity: String
        /// Only where there is no `message-id`: the broker will not say who it is the next time.
        var content: Int?
    }

    /// The heartbeat: a broker that hears nothing for two of them gives all messages back.
    let leaseMillis: Int?
    private let link: AMQPLink
    private var subscription: AMQPSubscription
    private let salt: String
    private let unnamed: UnnamedStore
    /// Tags begin anew with each connection, so a token also has this connection's own number.
    private let number = UInt32.random(in: 0 ... .max)
    private var unsettled: [BrokerMessage.Token: Unsettled] = [:]
    private var held = HeldTokens()

    init(
        _ subscription: AMQPSubscription,
        leaseMillis: Int,
        unnamed: UnnamedStore,
        salt: String
    ) {
        self.subscription = subscription
        link = subscription.link
        self.leaseMillis = leaseMillis
        self.unnamed = unnamed
        self.salt = salt
    }

    deinit { close() }

    /// What was not settled will come again.
    func close() {
        for message in unsettled.values { expect(message) }
        unsettled = [:]
        link.close()
    }

    func receive(max most: Int, waitMillis: Int) throws(BrokerError) -> [BrokerMessage] {
        try link.checkOpen()
        let count = min(most, BrokerLimits.messagesMax)
        let wait = Int64(min(waitMillis, BrokerLimits.waitMillisMax))
        let deadline = MonotonicClock.nowMillis + wait
        var messages: [BrokerMessage] = []
        while messages.count < count {
            try giveBackDue()
            try subscription.makeRoom(heldCount: held.count)
            let until = messages.isEmpty ? min(deadline, held.nextDueMillis ?? deadline) : 0
            let pause = max(0, until - MonotonicClock.nowMillis)
            if let delivery = try delivery(waitMillis: pause) {
                messages.append(message(delivery))
            } else if !messages.isEmpty || MonotonicClock.nowMillis >= deadline {
                break
            }
        }
        amqp_maybe_release_buffers(link.state)
        return messages
    }

    func settle(_ settlements: [BrokerSettlement]) throws(BrokerError) {
        try link.checkOpen()
        let now = MonotonicClock.nowMillis
        for settlement in settlements {
            // A message of an earlier connection is the broker's again.
            guard let message = unsettled[settlement.token] else { continue }
            switch settlement.verdict {
            case .acknowledged:
                unsettled[settlement.token] = nil
                let status = amqp_basic_ack(link.state, AMQPLink.channel, message.tag, 0)
                try link.check(status: status, "took no acknowledgement")
            case .again(let millis):
                let pause = min(Int64(max(0, millis)), Self.holdMillisMax)
                held.hold(settlement.token, untilMillis: now + pause)
                subscription.hold(from: message.subscription)
            }
        }
        try giveBackDue()
    }

    func extend(_ tokens: [BrokerMessage.Token]) throws(BrokerError) {
        try link.checkOpen()
        try giveBackDue()
        try link.beat()
    }

    func stopReceiving() throws(BrokerError) {
        guard !subscription.isEnded else { return }
        try link.checkOpen()
        try subscription.end()
        let now = MonotonicClock.nowMillis
        while let delivery = try delivery(waitMillis: 0) {
            held.hold(message(delivery).token, untilMillis: now)
            subscription.hold(from: delivery.subscription)
        }
        try giveBackDue()
    }
}

extension AMQPConnection {
    private func giveBackDue() throws(BrokerError) {
        for token in held.takeDue(atMillis: MonotonicClock.nowMillis, max: held.count) {
            guard let message = unsettled.removeValue(forKey: token) else { continue }
            subscription.release(from: message.subscription)
            expect(message)
            let status = amqp_basic_nack(link.state, AMQPLink.channel, message.tag, 0, 1)
            try link.check(status: status, "took no message back")
        }
    }

    private func expect(_ message: Unsettled) {
        guard let content = message.content else { return }
        unnamed.expect(message.identity, content: content)
    }

    /// Nil when none came in time.
    private func delivery(waitMillis: Int64) throws(BrokerError) -> AMQPDelivery? {
        var timeout = timeval(millis: waitMillis)
        var envelope = amqp_envelope_t()
        let reply = amqp_consume_message(link.state, &envelope, &timeout, 0)
        if reply.reply_type == AMQP_RESPONSE_NORMAL {
            defer { amqp_destroy_envelope(&envelope) }
            return AMQPDelivery(envelope)
        }
        if reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION {
            if reply.library_error == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            if reply.library_error == AMQP_STATUS_UNEXPECTED_STATE.rawValue {
                try handleOtherFrame()
                return nil
            }
        }
        try link.check(reply, "broke the connection")
        return nil
    }

    /// The broker says something else than a delivery: that it closes, or that the queue is gone.
    private func handleOtherFrame() throws(BrokerError) {
        var frame = amqp_frame_t()
        var timeout = timeval(millis: Int64(BrokerLimits.requestMillis))
        let status = amqp_simple_wait_frame_noblock(link.state, &frame, &timeout)
        try link.check(status: status, "broke the connection")
        guard Int32(frame.frame_type) == AMQP_FRAME_METHOD else { return }
        switch frame.payload.method.id {
        case AMQP_CHANNEL_CLOSE_METHOD, AMQP_CONNECTION_CLOSE_METHOD, AMQP_BASIC_CANCEL_METHOD:
            throw link.error(closedBy: frame.payload.method, "ended the deliveries")
        default: return
        }
    }

    private func message(_ delivery: AMQPDelivery) -> BrokerMessage {
        let content = delivery.name == nil ? delivery.content(salt: salt) : nil
        let identity =
            content.map { unnamed.identity(content: $0, isRedelivered: delivery.isRedelivered) }
            ?? delivery.name ?? ""
        let token = "\(number)-\(delivery.tag)"
        unsettled[token] = Unsettled(
            tag: delivery.tag,
            subscription: delivery.subscription,
            identity: identity,
            content: content
        )
        return BrokerMessage(
            token: token,
            identity: identity,
            sentAtMicros: delivery.sentAtMicros,
            isRedelivered: delivery.isRedelivered,
            headers: delivery.headers,
            body: delivery.body
        )
    }
}
#endif
