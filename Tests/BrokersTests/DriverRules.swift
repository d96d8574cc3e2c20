import Foundation
import Functions
import Testing
import Triggers

/// What holds for every driver; each suite's tests name the rule they call.
struct DriverRules {
    private static let patienceMillis = 20_000

    let broker: any TestBroker

    func receivesWhatWasSent() throws {
        let place = try broker.makePlace()
        let bodies = (0..<25).map { "message \($0)" }
        try broker.send(bodies, to: place)
        let connection = try broker.connect(place)
        defer { connection.close() }

        let messages = try collect(25, from: connection)

        #expect(Set(messages.map(text)) == Set(bodies))
        #expect(Set(messages.map(\.identity)).count == 25)
        #expect(messages.allSatisfy { !$0.isRedelivered })
    }

    func waitsForTheFirstMessageOnly() throws {
        let place = try broker.makePlace()
        let connection = try broker.connect(place)
        defer { connection.close() }

        #expect(try connection.receive(max: 10, waitMillis: 0).isEmpty)
        #expect(try connection.receive(max: 10, waitMillis: 200).isEmpty)
        let start = ContinuousClock.now
        // Connecting takes the sender longer than the consumer needs to begin its wait.
        let broker = broker
        let sender = Thread { try? broker.send(["one"], to: place) }
        sender.start()
        let messages = try connection.receive(max: 10, waitMillis: 15_000)

        #expect(messages.map(text) == ["one"])
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    func acknowledgedIsNotDeliveredAgain() throws {
        let place = try broker.makePlace()
        try broker.send((0..<12).map { "\($0)" }, to: place)
        let first = try broker.connect(place)
        let messages = try collect(12, from: first)
        try first.settle(messages.map { BrokerSettlement(token: $0.token, verdict: .acknowledged) })
        first.close()

        let second = try broker.connect(broker.other(place))
        defer { second.close() }

        #expect(try second.receive(max: 10, waitMillis: broker.leaseMillis * 2).isEmpty)
    }

    func unsettledComesAgainOnANewConnection() throws {
        let place = try broker.makePlace()
        try broker.send(["left"], to: place)
        let first = try broker.connect(place)
        let message = try #require(try collect(1, from: first).first)
        first.close()

        let second = try broker.connect(place)
        defer { second.close() }
        let again = try #require(try collect(1, from: second).first)

        #expect(again.identity == message.identity)
        #expect(again.isRedelivered)
        #expect(again.body == message.body)
    }

    func anotherConsumerGetsWhatOneLeft() throws {
        let place = try broker.makePlace()
        try broker.send(["left"], to: place)
        let first = try broker.connect(place)
        let message = try #require(try collect(1, from: first).first)
        first.close()

        let second = try broker.connect(broker.other(place))
        defer { second.close() }

        #expect(try collect(1, from: second).map(\.identity) == [message.identity])
    }

    func againComesAfterThePauseAndNotBefore() throws {
        let pauseMillis = 2_000
        let place = try broker.makePlace()
        try broker.send(["again"], to: place)
        let connection = try broker.connect(place)
        defer { connection.close() }
        let message = try #require(try collect(1, from: connection).first)
        let start = ContinuousClock.now
        try connection.settle([
            BrokerSettlement(token: message.token, verdict: .again(afterMillis: pauseMillis))
        ])

        let again = try #require(try collect(1, from: connection).first)

        #expect(ContinuousClock.now - start >= .milliseconds(pauseMillis - 20))
        #expect(again.identity == message.identity)
        #expect(again.isRedelivered)
        try connection.settle([BrokerSettlement(token: again.token, verdict: .acknowledged)])
        #expect(try connection.receive(max: 1, waitMillis: broker.leaseMillis * 2).isEmpty)
    }

    /// Another consumer, which gets what is free, is asked all the while.
    func extendKeepsAMessage() throws {
        let place = try broker.makePlace()
        try broker.send(["long"], to: place)
        let holder = try broker.connect(place)
        defer { holder.close() }
        let message = try #require(try collect(1, from: holder).first)
        let other = try broker.connect(broker.other(place))
        defer { other.close() }

        let start = ContinuousClock.now
        while ContinuousClock.now - start < .milliseconds(broker.leaseMillis * 3) {
            #expect(try other.receive(max: 1, waitMillis: broker.leaseMillis / 4).isEmpty)
            try holder.extend([message.token])
        }
        try holder.settle([BrokerSettlement(token: message.token, verdict: .acknowledged)])
        #expect(try other.receive(max: 1, waitMillis: broker.leaseMillis * 2).isEmpty)
    }

    func aKilledServerIsMissedAndNothingDurableIsLost() throws {
        let place = try broker.makePlace()
        let bodies = (0..<200).map { "durable \($0)" }
        try broker.send(bodies, to: place)
        let first = try broker.connect(place)
        let before = try collect(20, from: first)
        try first.settle(
            before.prefix(10).map { BrokerSettlement(token: $0.token, verdict: .acknowledged) }
        )

        broker.kill()
        // What had come before is still there.
        let end = code {
            for _ in bodies { _ = try first.receive(max: 10, waitMillis: 5_000) }
        }
        #expect(end == .disconnected)
        first.close()
        #expect(code { _ = try broker.connect(place) } == .disconnected)
        try broker.restart()
        let second = try broker.connect(place)
        defer { second.close() }
        let acknowledged = Set(before.prefix(10).map(text))
        var seen: Set<String> = []
        let start = ContinuousClock.now
        while !Set(bodies).subtracting(acknowledged).isSubset(of: seen),
            ContinuousClock.now - start < .milliseconds(Self.patienceMillis)
        {
            let messages = try second.receive(max: 50, waitMillis: 500)
            seen.formUnion(messages.map(text))
            try second.settle(
                messages.map { BrokerSettlement(token: $0.token, verdict: .acknowledged) }
            )
        }

        #expect(Set(bodies).subtracting(acknowledged).subtracting(seen) == [])
    }

    func aServerThatDoesNotListenIsDisconnected(_ source: BrokerSource) throws {
        let start = ContinuousClock.now

        #expect(code { _ = try broker.connect(source) } == .disconnected)

        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// Gives the words, for the suite to look at.
    func refusal(of source: BrokerSource, is expected: BrokerError.Code) throws -> String {
        do throws(BrokerError) {
            _ = try broker.driver.connect(source, capacity: 1, timeoutMillis: 10_000)
            Issue.record("it was let in")
            return ""
        } catch {
            #expect(error.code == expected, "\(error)")
            return error.description
        }
    }
}

extension DriverRules {
    func text(_ message: BrokerMessage) -> String {
        String(decoding: message.body, as: UTF8.self)
    }

    /// Receives until `count` have come, or no more come.
    func collect(_ count: Int, from connection: any BrokerConnection) throws -> [BrokerMessage] {
        var messages: [BrokerMessage] = []
        let start = ContinuousClock.now
        while messages.count < count,
            ContinuousClock.now - start < .milliseconds(Self.patienceMillis)
        {
            messages += try connection.receive(max: count - messages.count, waitMillis: 500)
        }
        return messages
    }

    private func code(_ work: () throws -> Void) -> BrokerError.Code? {
        do {
            try work()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }
}
