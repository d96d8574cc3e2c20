import Functions
import NIOConcurrencyHelpers
import Triggers

/// Gives each connection what the test has delivered to it, and tells the test what was settled.
final class ScriptedBroker: BrokerDriver {
    struct Settled: Sendable {
        /// Counts connections from 0.
        var connection: Int
        var settlement: BrokerSettlement
    }

    private struct State {
        var connections = 0
        var waiting: [Int: [BrokerMessage]] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let stream: AsyncStream<Settled>
    private let continuation: AsyncStream<Settled>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func connect(
        _ source: BrokerSource,
        capacity: Int,
        timeoutMillis: Int
    ) throws(BrokerError) -> any BrokerConnection {
        let number = state.withLockedValue { state in
            defer { state.connections += 1 }
            return state.connections
        }
        return Connection(broker: self, number: number)
    }

    /// Delivers a message to the connection with this number, also before it is made.
    func deliver(_ token: String, of identity: String, again: Bool, to connection: Int) {
        let message = BrokerMessage(
            token: token,
            identity: identity,
            sentAtMicros: 1_700_000_000_000_000,
            isRedelivered: again,
            body: Array("1".utf8)
        )
        state.withLockedValue { $0.waiting[connection, default: []].append(message) }
    }

    /// What was settled next, in their order.
    func next() async throws -> Settled {
        var iterator = stream.makeAsyncIterator()
        guard let settled = await iterator.next() else { throw CancellationError() }
        return settled
    }

    private final class Connection: BrokerConnection {
        let leaseMillis: Int? = nil
        private let broker: ScriptedBroker
        private let number: Int

        init(broker: ScriptedBroker, number: Int) {
            self.broker = broker
            self.number = number
        }

        func receive(max: Int, waitMillis: Int) throws(BrokerError) -> [BrokerMessage] {
            broker.state.withLockedValue { state in
                let taken = Array(state.waiting[number, default: []].prefix(max))
                state.waiting[number, default: []].removeFirst(taken.count)
                return taken
            }
        }

        func settle(_ settlements: [BrokerSettlement]) throws(BrokerError) {
            for settlement in settlements {
                broker.continuation.yield(Settled(connection: number, settlement: settlement))
            }
        }

        func extend(_ tokens: [BrokerMessage.Token]) throws(BrokerError) {}

        func close() {}
    }
}
