import Brokers
import Functions
import Testing
import Triggers

@Suite(
    .serialized,
    .enabled(if: SQSBroker.program != nil, "moto_server is not installed"),
    WithServer<SQSBroker>()
)
struct SQSTests {
    private let broker: SQSBroker
    private let rules: DriverRules

    init() throws {
        broker = try Shared.get(SQSBroker.self)
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

    @Test func `short waits do not become a request each`() throws {
        let connection = try broker.connect(try broker.makePlace())
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(try connection.receive(max: 1, waitMillis: 10).isEmpty) }
        #expect(ContinuousClock.now - start >= .milliseconds(190))
    }

    @Test func `text attributes are header fields`() throws {
        let place = try broker.makePlace()
        try broker.send("å", attributes: ["Content-Type": "text/plain", "ce-id": "7"], to: place)

        let message = try #require(try rules.collect(1, from: try broker.connect(place)).first)

        #expect(rules.text(message) == "å")
        let fields = Dictionary(uniqueKeysWithValues: message.headers.map { ($0.name, $0.value) })
        #expect(fields == ["content-type": "text/plain", "ce-id": "7"])
        #expect((message.sentAtMicros ?? 0) > 1_600_000_000_000_000)
    }

    @Test func `a receipt that is not valid any more is passed over`() throws {
        let place = try broker.makePlace()
        try broker.send(["once"], to: place)
        let connection = try broker.connect(place)
        let message = try #require(try rules.collect(1, from: connection).first)
        let done = BrokerSettlement(token: message.token, verdict: .acknowledged)

        try connection.settle([done])
        try connection.settle([done])
        try connection.extend([message.token])
    }

    @Test func `after the server was killed a new connection works`() throws {
        let place = try broker.makePlace()
        let connection = try broker.connect(place)

        broker.kill()
        #expect(throws: BrokerError.self) { _ = try connection.receive(max: 1, waitMillis: 100) }
        try rules.aServerThatDoesNotListenIsDisconnected(place)
        try broker.restart()
        let again = try broker.makePlace()
        try broker.send(["new"], to: again)

        #expect(try rules.collect(1, from: try broker.connect(again)).map(rules.text) == ["new"])
    }

    @Test func `requests are signed so that the server knows the key's owner`() throws {
        let place = try broker.makePlace()
        let keys = try broker.checkSignatures()
        defer { try? broker.checkNoSignatures() }

        let connection = try SQSBroker.driver(keys).connect(
            place,
            capacity: 1,
            timeoutMillis: 5_000
        )
        #expect(try connection.receive(max: 1, waitMillis: 0).isEmpty)
        for wrong in [
            SQSBroker.Keys(key: keys.key, secret: "hush-hush"),
            SQSBroker.Keys(key: "AKIANOBODY", secret: "hush-hush"),
        ] {
            do throws(BrokerError) {
                _ = try SQSBroker.driver(wrong).connect(place, capacity: 1, timeoutMillis: 5_000)
                Issue.record("it was let in")
            } catch {
                #expect(error.code == .unauthorized, "\(error)")
                #expect(!error.description.contains("hush"))
            }
        }
    }

    @Test func `without keys the words say which variables to set`() throws {
        let driver = SQSDriver { _ in nil }
        do throws(BrokerError) {
            _ = try driver.connect(broker.source(queue: "q"), capacity: 1, timeoutMillis: 5_000)
            Issue.record("it was let in")
        } catch {
            #expect(error.code == .unauthorized)
            #expect(error.description.contains("AWS_SECRET_ACCESS_KEY"))
        }
    }

    @Test func `an unknown queue is invalid`() throws {
        let source = broker.source(queue: "nowhere")
        #expect(try rules.refusal(of: source, is: .invalid).contains("has no queue"))
    }

    @Test func `the region is in the URL of Amazon's own hosts`() throws {
        let driver = SQSBroker.driver(SQSBroker.anyKeys)
        var source = BrokerSource(
            kind: .sqs,
            url: "sqs+https://sqs.eu-north-1.amazonaws.com/1/q"
        )
        #expect(try driver.place(of: source).region == "eu-north-1")
        #expect(
            try driver.place(of: source).queueURL == "https://sqs.eu-north-1.amazonaws.com/1/q"
        )
        source.url = "sqs+http://127.0.0.1:1/1/q"
        #expect(throws: BrokerError.self) { try driver.place(of: source) }
    }

    @Test func `a server that does not listen is disconnected`() throws {
        var source = broker.source(queue: "q")
        source.url = "sqs+http://127.0.0.1:\(try ServerProgram.freePort())/1/q"
        try rules.aServerThatDoesNotListenIsDisconnected(source)
    }
}
