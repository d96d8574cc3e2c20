#if AMQP
import Brokers
import CRabbitMQ
import Functions
import Testing
import Triggers

@Suite(
    .serialized,
    .enabled(
        if: AMQPBroker.program != nil && AMQPBroker.names != nil,
        "rabbitmq-server is not installed"
    ),
    WithServer<AMQPBroker>()
)
struct AMQPTests {
    private let broker: AMQPBroker
    private let rules: DriverRules

    init() throws {
        broker = try Shared.get(AMQPBroker.self)
        rules = DriverRules(broker: broker)
    }

    @Test func `what was sent is received`() throws { try rules.receivesWhatWasSent() }

    @Test func `a wait ends with the first message`() throws {
        try rules.waitsForTheFirstMessageOnly()
    }

    @Test func `an acknowledged message does not come again`() throws {
        try rules.acknowledgedIsNotDeliveredAgain()
    }

    @Test func `an unsettled message comes again on a new connection`() throws {
        try rules.unsettledComesAgainOnANewConnection()
    }

    @Test func `a message to come again comes after its pause`() throws {
        try rules.againComesAfterThePauseAndNotBefore()
    }

    @Test func `a consumer that extends stays connected while it receives nothing`() throws {
        try rules.extendKeepsAMessage()
    }

    @Test func `a message without an id keeps its identity when it comes again`() throws {
        let place = try broker.makePlace()
        try broker.send([("same", nil), ("same", nil)], to: place)
        let first = try broker.connect(place)
        let messages = try rules.collect(2, from: first)
        #expect(Set(messages.map(\.identity)).count == 2)
        try first.settle([
            BrokerSettlement(token: messages[0].token, verdict: .again(afterMillis: 0))
        ])

        let again = try #require(try rules.collect(1, from: first).first)
        #expect(again.identity == messages[0].identity)
        first.close()
        let later = try rules.collect(2, from: try broker.connect(place))

        #expect(Set(later.map(\.identity)) == Set(messages.map(\.identity)))
    }

    @Test func `a token of an earlier connection settles nothing`() throws {
        let place = try broker.makePlace()
        try broker.send(["one"], to: place)
        let first = try broker.connect(place)
        let old = try #require(try rules.collect(1, from: first).first)
        first.close()
        let second = try broker.connect(place)
        _ = try rules.collect(1, from: second)
        try second.settle([BrokerSettlement(token: old.token, verdict: .acknowledged)])
        second.close()

        #expect(try rules.collect(1, from: try broker.connect(place)).map(rules.text) == ["one"])
    }

    @Test func `a consumer is sent no more than it takes at once`() throws {
        let place = try broker.makePlace()
        try broker.send((0..<6).map { "\($0)" }, to: place)
        let slow = try broker.connect(place, capacity: 2)
        let first = try rules.collect(1, from: slow)

        let other = try rules.collect(4, from: try broker.connect(place))

        #expect(Set(other.map(rules.text)) == ["2", "3", "4", "5"])
        #expect((first + (try rules.collect(1, from: slow))).map(rules.text) == ["0", "1"])
    }

    @Test func `what waits for another attempt takes nobody's place`() throws {
        let place = try broker.makePlace()
        try broker.send((0..<20).map { "\($0)" }, to: place)
        for capacity in [1, 3] {
            let connection = try broker.connect(place, capacity: capacity)
            var seen: [String] = []
            for _ in 0..<20 {
                let message = try #require(try rules.collect(1, from: connection).first)
                seen.append(rules.text(message))
                try connection.settle([
                    BrokerSettlement(token: message.token, verdict: .again(afterMillis: 60_000))
                ])
            }
            #expect(Set(seen).count == 20)
            connection.close()
        }
    }

    @Test func `a consumer that stops gives back what it did not receive`() throws {
        let place = try broker.makePlace()
        try broker.send(["0", "1", "2", "3"], to: place)
        let stopping = try broker.connect(place, capacity: 4)
        let kept = try rules.collect(1, from: stopping)
        try stopping.stopReceiving()

        try broker.send(["4"], to: place)
        let other = try broker.connect(place)

        #expect(Set(try rules.collect(4, from: other).map(rules.text)) == ["1", "2", "3", "4"])
        try stopping.settle(
            kept.map { BrokerSettlement(token: $0.token, verdict: .acknowledged) }
        )
        stopping.close()
        #expect(try other.receive(max: 1, waitMillis: 500).isEmpty)
    }

    @Test func `a large message comes whole`() throws {
        let place = try broker.makePlace()
        let body = String(repeating: "0123456789", count: 100_000)
        try broker.send([(body, nil)], to: place)

        #expect(try rules.collect(1, from: try broker.connect(place)).map(rules.text) == [body])
    }

    @Test func `after the server was killed nothing durable is lost`() throws {
        try rules.aKilledServerIsMissedAndNothingDurableIsLost()
    }

    @Test func `a queue that is deleted meanwhile ends the connection`() throws {
        let place = try broker.makePlace()
        let connection = try broker.connect(place)
        let link = try AMQPLink(place, heartbeatSeconds: 10, timeoutMillis: 5_000)
        _ = (place.options["queue"] ?? "").withCString { name in
            amqp_queue_delete(link.state, AMQPLink.channel, amqp_cstring_bytes(name), 0, 0)
        }

        #expect(throws: BrokerError.self) {
            for _ in 0..<5 { _ = try connection.receive(max: 1, waitMillis: 2_000) }
        }
    }

    @Test func `a wrong password is refused, and not shown`() throws {
        let source = broker.source(password: "hush-hush", queue: "q")
        #expect(!(try rules.refusal(of: source, is: .unauthorized).contains("hush")))
    }

    @Test func `an unknown queue and an unknown virtual host are invalid`() throws {
        let source = broker.source(queue: "nowhere")
        #expect(try rules.refusal(of: source, is: .invalid).contains("declare the queue first"))
        var host = source
        host.url += "/nowhere"
        #expect(try rules.refusal(of: host, is: .invalid).contains("virtual host"))
    }

    @Test func `a server that does not listen is disconnected`() throws {
        var source = broker.source(queue: "q")
        source.url = "amqp://127.0.0.1:\(try ServerProgram.freePort())"
        try rules.aServerThatDoesNotListenIsDisconnected(source)
    }
}
#endif
