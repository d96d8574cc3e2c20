package import Functions
package import Triggers

/// The drivers that this build has.
package enum BrokerDrivers {
    /// One for each kind: a driver may remember what a broker does not.
    private static let drivers: [BrokerSource.Kind: any BrokerDriver] = {
        var drivers: [BrokerSource.Kind: any BrokerDriver] = [.sqs: SQSDriver()]
        #if NATS
        drivers[.nats] = NATSDriver()
        #endif
        #if Redis
        drivers[.redis] = RedisDriver()
        #endif
        #if AMQP
        drivers[.amqp] = AMQPDriver()
        #endif
        return drivers
    }()

    /// The kinds that this build has a driver for.
    package static let compiled = BrokerSource.Kind.allCases.filter { drivers[$0] != nil }

    /// Nil where the gateway was built without it: `unsupported` then says how to get it.
    package static func driver(for kind: BrokerSource.Kind) -> (any BrokerDriver)? {
        drivers[kind]
    }

    /// What to do to get the driver.
    package static func unsupported(_ kind: BrokerSource.Kind) -> BrokerError {
        let (name, package, trait) =
            switch kind {
            case .nats: ("NATS JetStream", "libnats-dev", "NATS")
            case .redis: ("Redis Streams", "libhiredis-dev", "Redis")
            case .amqp: ("AMQP 0-9-1", "librabbitmq-dev", "AMQP")
            case .sqs: ("SQS", "libcurl4-openssl-dev", "")
            }
        let flag = trait.isEmpty ? "" : " --traits \(trait)"
        return BrokerError(
            .unsupported,
            "this gateway was built without \(name): install Debian's \(package) and build it "
                + "with `swift build -c release\(flag)`"
        )
    }
}
