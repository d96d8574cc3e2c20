#if NATS
import Brokers
import CNATS
import Foundation
import Functions
import Testing
import Triggers

@Suite(
    .serialized,
    .enabled(if: NATSBroker.program != nil, "nats-server is not installed"),
    WithServer<NATSBroker>()
)
struct NATSTests {
    private let broker: NATSBroker
    private let rules: DriverRules

    init() throws {
        broker = try Shared.get(NATSBroker.self)
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

    @Test func `a message that is extended stays with its consumer`() throws {
        try rules.extendKeepsAMessage()
    }

    @Test func `after the server was killed nothing durable is lost`() throws {
        try rules.aKilledServerIsMissedAndNothingDurableIsLost()
    }

    @Test func `a wait is broken off when the server is killed`() throws {
        let connection = try broker.connect(try broker.makePlace())
        defer { connection.close() }
        let broker = broker
        let killer = Thread { broker.kill() }
        let start = ContinuousClock.now

        killer.start()
        #expect(throws: BrokerError.self) {
            while true { _ = try connection.receive(max: 1, waitMillis: 15_000) }
        }

        #expect(ContinuousClock.now - start < .seconds(10))
        try broker.restart()
    }

    @Test func `header fields come with a message`() throws {
        let place = try broker.makePlace()
        let stream = place.options["stream"] ?? ""
        let link = try NATSLink(place, timeoutMillis: 5_000)
        let headers = ["Content-Type": "application/json", "ce-id": "7"]
        try broker.publish("{}", to: "\(stream).one", headers: headers, link)

        let message = try #require(try rules.collect(1, from: try broker.connect(place)).first)

        let fields = Dictionary(uniqueKeysWithValues: message.headers.map { ($0.name, $0.value) })
        #expect(fields == ["content-type": "application/json", "ce-id": "7"])
        #expect((message.sentAtMicros ?? 0) > 1_600_000_000_000_000)
    }

    @Test func `only messages of the subject are received`() throws {
        var place = try broker.makePlace()
        let stream = place.options["stream"] ?? ""
        place.options["subject"] = "\(stream).one"
        let link = try NATSLink(place, timeoutMillis: 5_000)
        try broker.publish("no", to: "\(stream).two", link)
        try broker.publish("yes", to: "\(stream).one", link)

        let connection = try broker.connect(place)

        #expect(try rules.collect(1, from: connection).map(rules.text) == ["yes"])
        #expect(try connection.receive(max: 5, waitMillis: 100).isEmpty)
    }

    @Test func `without a subject all of the stream is received`() throws {
        var place = try broker.makePlace()
        place.options["subject"] = nil
        try broker.send(["all"], to: place)

        #expect(
            try rules.collect(1, from: try broker.connect(place)).map(rules.text) == ["all"]
        )
    }

    @Test func `a consumer that reads other subjects is invalid`() throws {
        var place = try broker.makePlace()
        try broker.connect(place).close()
        place.options["subject"] = "\(place.options["stream"] ?? "").one"
        let words = try rules.refusal(of: place, is: .invalid)
        #expect(words.contains("name another `durable:`"))
    }

    @Test func `a consumer that gives messages up is invalid`() throws {
        var place = try broker.makePlace()
        place.options["subject"] = nil
        let link = try NATSLink(place, timeoutMillis: 5_000)
        var config = jsConsumerConfig()
        jsConsumerConfig_Init(&config)
        config.AckPolicy = js_AckExplicit
        config.MaxDeliver = 3
        let status = "reader".withCString { name in
            config.Durable = name
            return js_AddConsumer(
                nil,
                link.jetStream,
                place.options["stream"] ?? "",
                &config,
                nil,
                nil
            )
        }
        #expect(status == NATS_OK)
        #expect(try rules.refusal(of: place, is: .invalid).contains("after 3 deliveries"))
    }

    @Test func `a wrong password is refused, and not shown`() throws {
        let options = ["stream": "s", "durable": "d"]
        let source = broker.source(password: "hush-hush", options: options)
        #expect(!(try rules.refusal(of: source, is: .unauthorized).contains("hush")))
    }

    @Test func `an unknown stream is invalid`() throws {
        let source = broker.source(options: ["stream": "nowhere", "durable": "d"])
        #expect(try rules.refusal(of: source, is: .invalid).contains("has no stream nowhere"))
    }

    @Test func `a server without JetStream is invalid`() throws {
        let program = try #require(NATSBroker.program)
        let folder = try ServerFolder()
        let port = try ServerProgram.freePort()
        let server = try ServerProgram(
            program,
            ["-a", "127.0.0.1", "-p", "\(port)"],
            log: folder.log
        )
        defer {
            server.kill()
            folder.remove()
        }
        try server.waitForPort(port)
        let source = BrokerSource(
            kind: .nats,
            url: "nats://127.0.0.1:\(port)",
            options: ["stream": "s", "durable": "d"]
        )
        #expect(try rules.refusal(of: source, is: .invalid).contains("-js"))
    }

    @Test func `a server that does not listen is disconnected`() throws {
        var source = broker.source(options: ["stream": "s", "durable": "d"])
        source.url = "nats://127.0.0.1:\(try ServerProgram.freePort())"
        try rules.aServerThatDoesNotListenIsDisconnected(source)
    }
}
#endif
