import Functions
import Storage
import Testing
import Triggers

@Suite struct QueueConsumerTests {
    @Test(arguments: 0..<60)
    func `whatever happens nothing is lost, taken twice or out of its group's order`(seed: Int) {
        var walk = ConsumerWalk(seed: UInt64(seed))
        for step in 0..<1_500 where walk.fault == nil { walk.step(step) }
        walk.drain()
        #expect(walk.fault == nil, "seed \(seed)")
        #expect(walk.file.isEmpty, "seed \(seed): \(walk.file.count) messages never begin")
    }

    @Test func `a refusal pauses, longer each time, and an end resets that`() throws {
        var consumer = try makeConsumer()
        let message = StoredMessage(place: 1 << 40 | 1)
        consumer.read([message], isLast: true)
        var now: Int64 = 1_000_000
        var pauses: [Int64] = []
        for _ in 0..<12 {
            let next = try consumer.taken()
            consumer.refused(next, atMicros: now)
            #expect(consumer.room(atMicros: consumer.pausedUntil - 1) == 0)
            pauses.append(consumer.pausedUntil - now)
            now = consumer.pausedUntil
            #expect(consumer.room(atMicros: now) == 2)
        }
        #expect(pauses.prefix(4) == [20_000, 40_000, 80_000, 160_000])
        #expect(pauses.last == 5_000_000)
        let next = try consumer.taken()
        _ = consumer.ended(next.place, group: nil, .left)
        consumer.read([StoredMessage(place: 1 << 40 | 2)], isLast: true)
        consumer.refused(try consumer.taken(), atMicros: now)
        #expect(consumer.pausedUntil - now == 20_000)
    }

    @Test func `refusals at one instant are one`() throws {
        var consumer = try makeConsumer()
        consumer.read([StoredMessage(place: 1 << 40 | 1)], isLast: false)
        consumer.read([StoredMessage(place: 1 << 40 | 2)], isLast: true)
        let both = [try consumer.taken(), try consumer.taken()]
        for message in both { consumer.refused(message, atMicros: 1_000) }
        #expect(consumer.pausedUntil == 21_000)
        #expect(consumer.inFlight == 0)
    }

    @Test func `no further groups are followed than the limit`() throws {
        var consumer = try makeConsumer(groupsMax: 2)
        consumer.read(
            [
                StoredMessage(place: 1 << 40 | 1, group: "a"),
                StoredMessage(place: 1 << 40 | 2, group: "b"),
            ],
            isLast: false
        )
        let first = try consumer.taken()
        _ = consumer.next()
        #expect(!consumer.isHungry)
        _ = consumer.ended(first.place, group: "a", .left)
        #expect(consumer.isHungry)
    }

    private func makeConsumer(groupsMax: Int = 100) throws -> QueueConsumer {
        QueueConsumer(
            plan: try .sample(capacity: 2),
            queue: 1,
            groupsMax: groupsMax
        )
    }
}

extension QueueConsumer.Plan {
    static func sample(capacity: Int) throws -> QueueConsumer.Plan {
        QueueConsumer.Plan(
            function: try #require(FunctionName("echo")),
            trigger: .queue("in"),
            capacity: capacity,
            attempts: 3,
            backoff: Backoff(),
            dead: 2
        )
    }
}

extension StoredMessage {
    init(place: Int64, group: String? = nil) {
        self.init(
            place: place,
            id: InvocationID(high: 0, low: UInt64(place)),
            attempt: 0,
            tries: 0,
            groupKey: group,
            headers: [],
            body: []
        )
    }
}

extension QueueConsumer {
    fileprivate mutating func taken() throws -> StoredMessage {
        let message = next()
        return try #require(message)
    }
}
