#if AMQP
package import Functions
import Synchronization
package import Triggers

/// AMQP 0-9-1, as RabbitMQ speaks it: one consumer of a queue.
package final class AMQPDriver: BrokerDriver {
    private let heartbeatSeconds: Int
    private let unnamed = UnnamedStore()

    package init(heartbeatSeconds: Int = 20) {
        self.heartbeatSeconds = heartbeatSeconds
    }

    package func connect(
        _ source: BrokerSource,
        capacity: Int,
        timeoutMillis: Int
    ) throws(BrokerError) -> any BrokerConnection {
        let queue = try source.required(
            "queue",
            example: "queue: { broker: amqp://user:password@host:5672/vhost, queue: NAME }"
        )
        let link = try AMQPLink(
            source,
            heartbeatSeconds: heartbeatSeconds,
            timeoutMillis: timeoutMillis
        )
        try link.checkQueue(queue)
        return try AMQPConnection(
            AMQPSubscription(link, queue: queue, prefetch: UInt16(clamping: capacity)),
            leaseMillis: heartbeatSeconds * 1_000,
            unnamed: unnamed,
            salt: "\(source.shownURL) \(queue)"
        )
    }
}

/// What outlives a connection: the identities of messages that will come again.
final class UnnamedStore: Sendable {
    private let messages = Mutex(UnnamedMessages())

    func identity(content: Int, isRedelivered: Bool) -> String {
        messages.withLock {
            $0.identity(
                content: content,
                isRedelivered: isRedelivered,
                atMillis: MonotonicClock.nowMillis,
                fresh: Self.fresh()
            )
        }
    }

    func expect(_ identity: String, content: Int) {
        messages.withLock {
            $0.expect(identity, content: content, atMillis: MonotonicClock.nowMillis)
        }
    }

    private static func fresh() -> String {
        let halves = (0..<2).map { _ in String(UInt64.random(in: 0 ... .max), radix: 16) }
        return halves.joined(separator: "-")
    }
}
#endif
