package import Functions
import GatewayAPI
import GatewayServer
package import Logging
import NIOConcurrencyHelpers
import Storage

/// All consumers of brokers on this node.
package final class BrokerHost: Sendable {
    /// The driver for a kind of broker; throws `unsupported` where this gateway has none.
    package typealias Drivers =
        @Sendable (BrokerSource.Kind) throws(BrokerError) -> any BrokerDriver

    private let drivers: Drivers
    private let engine: QueueEngine
    private let invoker: any Invoker
    private let logger: Logger
    private let claims = BrokerClaims()
    private let consumers = NIOLockedValueBox<[BrokerConsumer]>([])

    package init(
        engine: QueueEngine,
        invoker: any Invoker,
        logger: Logger,
        drivers: @escaping Drivers
    ) {
        self.engine = engine
        self.invoker = invoker
        self.logger = logger
        self.drivers = drivers
    }

    /// Connects once, to find out whether it can be done; blocks for some seconds at most.
    func check(_ source: BrokerSource) throws(BrokerError) {
        try drivers(source.kind).connect(source, capacity: 1, timeoutMillis: Self.checkMillis)
            .close()
    }

    /// Lets a function's consumers run in place of what it had before, which end what they have in
    /// flight beside them.
    func bind(_ function: BoundFunction) throws {
        var wanted = function.triggers.queues.compactMap { trigger in
            if case .broker(let source) = trigger.source { (trigger, source) } else { nil }
        }
        let ended = consumers.withLockedValue { consumers in
            var ended: [BrokerConsumer] = []
            consumers.removeAll { consumer in
                guard consumer.function == function.name else { return false }
                if let same = wanted.firstIndex(where: {
                    $0.0 == consumer.trigger && consumer.fits(function)
                }) {
                    wanted.remove(at: same)
                    return false
                }
                ended.append(consumer)
                return true
            }
            return ended
        }
        for consumer in ended { consumer.stop() }
        for (trigger, source) in wanted {
            let consumer = try BrokerConsumer(
                function: function,
                trigger: trigger,
                source: source,
                driver: try drivers(source.kind),
                engine: engine,
                invoker: invoker,
                claims: claims,
                logger: logger
            )
            consumers.withLockedValue { $0.append(consumer) }
        }
    }

    func unbind(_ name: FunctionName) {
        let ended = consumers.withLockedValue { consumers in
            let ended = consumers.filter { $0.function == name }
            consumers.removeAll { $0.function == name }
            return ended
        }
        for consumer in ended { consumer.stop() }
    }

    /// Has all consumers take nothing new.
    package func drain() {
        for consumer in consumers.withLockedValue({ $0 }) { consumer.stop() }
    }

    /// Returns once nothing of any consumer is in flight, after `drain`.
    package func close() {
        let ended = consumers.withLockedValue { consumers in
            let all = consumers
            consumers = []
            return all
        }
        for consumer in ended { consumer.join() }
    }

    func reports() -> [QueueReport] {
        let now = Clock.wallMicros()
        return consumers.withLockedValue { $0 }.map { consumer in
            var status = consumer.status
            return QueueReport(
                name: consumer.trigger.sourceName,
                function: consumer.function.description,
                source: consumer.source.shownURL,
                ready: 0,
                delayed: 0,
                inFlight: status.inFlight,
                dead: 0,
                deadQueue: consumer.trigger.dead.description,
                oldestAgeMillis: nil,
                enqueued: status.counts.enqueued,
                completed: status.counts.completed,
                retried: status.counts.retried,
                deadLettered: status.counts.deadLettered,
                perSecond: status.counts.perSecond(atMicros: now),
                lastError: status.counts.lastError
            )
        }
    }

    private static let checkMillis = 5_000
}
