#if Redis
import Brokers
import Functions
import Testing
import Triggers

@Suite(
    .serialized,
    .enabled(if: RedisBroker.program != nil, "redis-server is not installed"),
    WithServer<RedisBroker>()
)
struct RedisTests {
    private let broker: RedisBroker
    private let rules: DriverRules

    init() throws {
        broker = try Shared.get(RedisBroker.self)
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

    @Test func `another consumer gets what one left, after the lease`() throws {
        try rules.anotherConsumerGetsWhatOneLeft()
    }

    @Test func `a message to come again comes after its pause`() throws {
        try rules.againComesAfterThePauseAndNotBefore()
    }

    @Test func `a message that is extended stays with its consumer`() throws {
        try rules.extendKeepsAMessage()
    }

    @Test func `a consumer of the same name does not get what another has in flight`() throws {
        let place = try broker.makePlace()
        try broker.send(["long"], to: place)
        let holder = try broker.connect(place)
        let message = try #require(try rules.collect(1, from: holder).first)
        let namesake = try broker.connect(place)

        let start = ContinuousClock.now
        while ContinuousClock.now - start < .milliseconds(broker.leaseMillis * 3) {
            #expect(try namesake.receive(max: 1, waitMillis: broker.leaseMillis / 4).isEmpty)
            try holder.extend([message.token])
        }
        holder.close()

        #expect(try rules.collect(1, from: namesake).map(\.identity) == [message.identity])
    }

    @Test func `a message held for another attempt stays with its consumer`() throws {
        let place = try broker.makePlace()
        try broker.send(["held"], to: place)
        let holder = try broker.connect(place)
        let message = try #require(try rules.collect(1, from: holder).first)
        let pauseMillis = broker.leaseMillis * 3
        try holder.settle([
            BrokerSettlement(token: message.token, verdict: .again(afterMillis: pauseMillis))
        ])
        let other = try broker.connect(broker.other(place))

        let start = ContinuousClock.now
        var again: [BrokerMessage] = []
        while again.isEmpty, ContinuousClock.now - start < .seconds(20) {
            #expect(try other.receive(max: 1, waitMillis: 50).isEmpty)
            again = try holder.receive(max: 1, waitMillis: 100)
        }

        #expect(again.map(\.identity) == [message.identity])
        #expect(ContinuousClock.now - start >= .milliseconds(pauseMillis - 50))
    }

    @Test func `after the server was killed nothing durable is lost`() throws {
        try rules.aKilledServerIsMissedAndNothingDurableIsLost()
    }

    @Test func `an entry without a body is a JSON object of its fields`() throws {
        let place = try broker.makePlace()
        let link = try RedisLink(place, timeoutMillis: 5_000)
        let stream = place.options["stream"] ?? ""
        _ = try link.command(["XADD", stream, "*", "age", "50", "na\"me", "å\u{1}"])
        _ = try link.command(["XADD", stream, "*", "body", "x", "Content-Type", "text/plain"])

        let messages = try rules.collect(2, from: try broker.connect(place))

        #expect(messages.map(rules.text) == [#"{"age": "50", "na\"me": "å\u0001"}"#, "x"])
        let headers = messages.map { $0.headers.map { "\($0.name)=\($0.value)" } }
        #expect(headers == [["content-type=application/json"], ["content-type=text/plain"]])
        #expect(messages.allSatisfy { ($0.sentAtMicros ?? 0) > 1_600_000_000_000_000 })
    }

    @Test func `header fields are taken as far as their limit goes`() throws {
        let place = try broker.makePlace()
        let link = try RedisLink(place, timeoutMillis: 5_000)
        let value = String(repeating: "v", count: 8_000)
        let fields = (1...9).flatMap { ["h\($0)", value] } + ["last", "1"]
        _ = try link.command(["XADD", place.options["stream"] ?? "", "*", "body", "x"] + fields)

        let messages = try rules.collect(1, from: try broker.connect(place))

        #expect(messages.map(rules.text) == ["x"])
        #expect(messages.first?.headers.map(\.name).sorted() == ["h1", "h2", "last"])
    }

    @Test func `an entry that was deleted before it was settled is passed over`() throws {
        let place = try broker.makePlace()
        try broker.send(["gone", "there"], to: place)
        let first = try broker.connect(place)
        let messages = try rules.collect(2, from: first)
        first.close()
        let link = try RedisLink(place, timeoutMillis: 5_000)
        _ = try link.command(["XDEL", place.options["stream"] ?? "", messages[0].token])

        let again = try rules.collect(1, from: try broker.connect(place))

        #expect(again.map(rules.text) == ["there"])
    }

    @Test func `a wrong password is refused, and not shown`() throws {
        let options = ["stream": "s", "group": "g"]
        let source = broker.source(password: "hush-hush", options: options)
        let words = try rules.refusal(of: source, is: .unauthorized)
        #expect(!words.contains("hush"))
        var without = source
        without.url = "redis://127.0.0.1:\(broker.port)"
        _ = try rules.refusal(of: without, is: .unauthorized)
    }

    @Test func `a key that is no stream is invalid`() throws {
        let link = try RedisLink(broker.source(), timeoutMillis: 5_000)
        _ = try link.command(["SET", "plain", "1"])
        let source = broker.source(options: ["stream": "plain", "group": "g"])
        #expect(try rules.refusal(of: source, is: .invalid).contains("no stream"))
    }

    @Test func `a missing group and TLS are invalid, and the words say what to do`() throws {
        let source = broker.source(options: ["stream": "s"])
        #expect(try rules.refusal(of: source, is: .invalid).contains("`group:` is missing"))
        let secure = BrokerSource(
            kind: .redis,
            url: "rediss://:secret@127.0.0.1:1/0",
            options: ["stream": "s", "group": "g"]
        )
        let words = try rules.refusal(of: secure, is: .invalid)
        #expect(words.contains("TLS") && !words.contains("secret"))
    }

    @Test func `a server that does not listen is disconnected`() throws {
        var source = broker.source(options: ["stream": "s", "group": "g"])
        source.url = "redis://127.0.0.1:\(try ServerProgram.freePort())"
        try rules.aServerThatDoesNotListenIsDisconnected(source)
    }
}
#endif
