#if NATS
import CNATS
import Triggers

/// The durable consumer at the server: made where it is missing, checked where it is there.
struct NATSConsumer {
    /// Delivered and not settled: among them those that wait for another attempt.
    private static let ackPendingMax: Int64 = 20_000
    private static let nanosPerMilli: Int64 = 1_000_000

    private let place: NATSPlace
    private let link: NATSLink

    init(_ place: NATSPlace, link: NATSLink) {
        self.place = place
        self.link = link
    }

    /// Gives the lease, in milliseconds: the consumer's own where it existed before.
    func ready(leaseMillis: Int) throws(BrokerError) -> Int {
        var found: UnsafeMutablePointer<jsConsumerInfo>?
        defer { jsConsumerInfo_Destroy(found) }
        var code = jsErrCode(rawValue: 0)
        var status = js_GetConsumerInfo(
            &found,
            link.jetStream,
            place.stream,
            place.durable,
            nil,
            &code
        )
        if status != NATS_OK, code == JSConsumerNotFoundErr {
            status = add(leaseMillis: leaseMillis, &found, &code)
        }
        guard status == NATS_OK, let config = found?.pointee.Config?.pointee else {
            throw error(status, code)
        }
        return try checked(config)
    }

    private func add(
        leaseMillis: Int,
        _ made: inout UnsafeMutablePointer<jsConsumerInfo>?,
        _ code: inout jsErrCode
    ) -> natsStatus {
        var config = jsConsumerConfig()
        jsConsumerConfig_Init(&config)
        config.AckPolicy = js_AckExplicit
        config.AckWait = Int64(leaseMillis) * Self.nanosPerMilli
        config.MaxAckPending = Self.ackPendingMax
        return place.durable.withCString { durable in
            config.Durable = durable
            guard let subject = place.subject else {
                return js_AddConsumer(&made, link.jetStream, place.stream, &config, nil, &code)
            }
            return subject.withCString { subject in
                config.FilterSubject = subject
                return js_AddConsumer(&made, link.jetStream, place.stream, &config, nil, &code)
            }
        }
    }

    /// A consumer that someone else made may not keep what is promised here.
    private func checked(_ config: jsConsumerConfig) throws(BrokerError) -> Int {
        let advice = "name another `durable:`, which is then made, or delete this one"
        let name = "the consumer \(place.durable) of the stream \(place.stream)"
        guard config.DeliverSubject == nil, config.AckPolicy == js_AckExplicit else {
            throw BrokerError(
                .invalid,
                "\(link.url.shown): \(name) is no pull consumer with explicit acknowledgements: "
                    + advice
            )
        }
        guard config.MaxDeliver <= 0 else {
            throw BrokerError(
                .invalid,
                "\(link.url.shown): \(name) gives a message up after \(config.MaxDeliver) "
                    + "deliveries, and it would be lost: \(advice)"
            )
        }
        let filter = config.FilterSubject.map { String(cString: $0) } ?? ""
        guard filter == place.subject ?? "" else {
            throw BrokerError(
                .invalid,
                "\(link.url.shown): \(name) reads \(filter.isEmpty ? "all subjects" : filter), not "
                    + "\(place.subject ?? "all subjects"): \(advice)"
            )
        }
        var lease = config.AckWait
        for index in 0..<max(0, Int(config.BackOffLen)) {
            lease = min(lease, config.BackOff?[index] ?? lease)
        }
        return max(1, Int(lease / Self.nanosPerMilli))
    }

    private func error(_ status: natsStatus, _ code: jsErrCode) -> BrokerError {
        switch code {
        case JSStreamNotFoundErr:
            BrokerError(
                .invalid,
                "NATS at \(link.url.shown) has no stream \(place.stream): make it first, as by "
                    + "`nats stream add \(place.stream) --subjects 'patients.*'`"
            )
        case JSClusterNotAvailErr, JSClusterNotLeaderErr, JSInsufficientResourcesErr:
            BrokerError(.disconnected, "NATS at \(link.url.shown) has JetStream not ready")
        default:
            NATSFault.error(
                code.rawValue == 0 || status != NATS_ERR ? status : NATS_INVALID_ARG,
                link.url,
                "did not give the consumer \(place.durable) of the stream \(place.stream)"
                    + (code.rawValue == 0 ? "" : " (JetStream error \(code.rawValue))"),
                code
            )
        }
    }
}
#endif
