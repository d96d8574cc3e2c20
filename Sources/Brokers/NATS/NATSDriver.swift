#if NATS
package import Functions
package import Triggers

/// JetStream: a durable pull consumer with explicit acknowledgements.
package struct NATSDriver: BrokerDriver {
    /// The acknowledgement wait of a consumer that this driver makes.
    private let leaseMillis: Int

    package init(leaseMillis: Int = BrokerLimits.leaseMillis) {
        self.leaseMillis = leaseMillis
    }

    package func connect(
        _ source: BrokerSource,
        capacity: Int,
        timeoutMillis: Int
    ) throws(BrokerError) -> any BrokerConnection {
        let example = "queue: { broker: nats://127.0.0.1:4222, stream: EVENTS, durable: NAME }"
        let place = NATSPlace(
            stream: try source.required("stream", example: example),
            durable: try source.required("durable", example: example),
            subject: source.options["subject"]
        )
        let link = try NATSLink(source, timeoutMillis: timeoutMillis)
        let lease = try NATSConsumer(place, link: link).ready(leaseMillis: leaseMillis)
        return try NATSConnection(place, link: link, leaseMillis: lease)
    }
}

/// What is read, and under which name.
struct NATSPlace: Sendable {
    var stream: String
    var durable: String
    /// Only messages of these subjects; nil: all of the stream.
    var subject: String?
}
#endif
