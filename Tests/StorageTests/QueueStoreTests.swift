import Functions
import Storage
import Testing

@Suite struct QueueStoreTests {
    let folder: TemporaryFolder
    let store: QueueStore
    let connection: QueueConnection

    init() throws {
        folder = try TemporaryFolder()
        store = try QueueStore(path: folder("queue.sqlite"))
        connection = try store.connect()
    }

    private func message(
        _ micros: Int64 = 1,
        group: String? = nil,
        dueAt: Int64? = nil
    ) -> NewMessage {
        NewMessage(
            id: InvocationID(acceptedAtMicros: micros, random: .random(in: 0 ... .max)),
            dueAt: dueAt,
            groupKey: group,
            headers: Array("content-type: application/json".utf8),
            body: [1, 2, 3]
        )
    }

    @Test func `a queue is read from a place on, up to a limit of messages and bytes`() throws {
        let queue = try #require(try connection.addQueue(QueueKey(.queue, "q")))
        let other = try #require(try connection.addQueue(QueueKey(.async, "q")))
        #expect(try connection.addQueue(QueueKey(.queue, "q")) == nil)
        let first = MessagePlace.range(of: queue).lowerBound
        for place in first + 1...first + 5 {
            try connection.insert(message(dueAt: place == first + 2 ? 9 : nil), at: place)
        }
        try connection.insert(message(), at: MessagePlace.range(of: other).lowerBound + 1)
        func places(after: Int64, limit: Int, bytes: Int = 1_000) throws -> [Int64] {
            try connection.read(after: after, in: queue, limit: limit, bytesMax: bytes)
                .messages.map { $0.place - first }
        }
        #expect(try places(after: 0, limit: 10) == [1, 3, 4, 5])
        #expect(try places(after: first + 3, limit: 1) == [4])
        #expect(try places(after: 0, limit: 10, bytes: 4) == [1, 3])
        #expect(try connection.read(after: 0, in: queue, limit: 4, bytesMax: 99).isLast == false)
        #expect(try connection.read(after: 0, in: queue, limit: 5, bytesMax: 99).isLast)
        #expect(try connection.lastPlace(in: queue) == first + 5)
    }

    @Test func `a message comes back as it was kept`() throws {
        let queue = try #require(try connection.addQueue(QueueKey(.queue, "q")))
        let place = MessagePlace.range(of: queue).lowerBound + 1
        var kept = message(group: "g")
        kept.callback = "http://example.org"
        try connection.insert(kept, at: place)
        let found = try #require(try connection.message(kept.id))
        #expect(found.id == kept.id)
        #expect(found.place == place)
        #expect(found.groupKey == "g")
        #expect(found.callback == "http://example.org")
        #expect(found.headers == kept.headers)
        #expect(found.body == kept.body)
        #expect(found.attempt == 0)
        #expect(found.verdict == nil)
        #expect(throws: StorageError.self) { try connection.insert(kept, at: place + 1) }
    }

    @Test func `each verb says whether the message was there`() throws {
        let queue = try #require(try connection.addQueue(QueueKey(.queue, "q")))
        let place = MessagePlace.range(of: queue).lowerBound + 1
        let failure = MessageFailure(code: "c", detail: "d")
        func retry() throws -> Bool {
            try connection.retry(place, attempt: 1, tries: 1, dueAt: 5, failure: failure)
        }
        func bury() throws -> Bool {
            try connection.bury(
                place,
                at: place + 1,
                attempt: 1,
                tries: 1,
                failure: failure,
                diedAt: 1
            )
        }
        #expect(try !connection.isThere(place))
        #expect(try !retry())
        #expect(try !bury())
        #expect(try !connection.acknowledge(place))
        try connection.insert(message(), at: place)
        #expect(try connection.isThere(place))
        #expect(try retry())
        #expect(try connection.due(atMicros: 5, limit: 9).map(\.place) == [place])
        #expect(try bury())
        #expect(try connection.deadLetters(in: queue, of: queue, limit: 9).count == 1)
        #expect(try connection.acknowledge(place + 1))
    }

    @Test func `clearing leaves dead letters, and counts what was delayed`() throws {
        let queue = try #require(try connection.addQueue(QueueKey(.queue, "q")))
        let first = MessagePlace.range(of: queue).lowerBound
        for place in first + 1...first + 3 {
            try connection.insert(message(dueAt: place == first + 1 ? 5 : nil), at: place)
        }
        try connection.bury(
            first + 3,
            at: first + 4,
            attempt: 1,
            tries: 1,
            failure: MessageFailure(code: "c", detail: "d"),
            diedAt: 1
        )
        let cleared = try connection.clear(queue, limit: 10)
        #expect(cleared.messages == 2)
        #expect(cleared.delayed == 1)
        #expect(try connection.clear(queue, limit: 10).messages == 0)
        #expect(try connection.lastPlace(in: queue) == first + 4)
    }

    @Test func `a removed queue leaves no known ids to the next one`() throws {
        let queue = try #require(try connection.addQueue(QueueKey(.queue, "q")))
        let id = message().id
        try connection.remember("k", of: id, in: queue, untilMicros: 100)
        #expect(try connection.duplicate(of: "k", in: queue, atMicros: 99) == id)
        #expect(try connection.duplicate(of: "k", in: queue, atMicros: 100) == nil)
        try connection.removeQueue(queue)
        #expect(try connection.duplicate(of: "k", in: queue, atMicros: 99) == nil)
        try connection.putQueue(queue, QueueKey(.queue, "p"))
        try connection.putQueue(queue, QueueKey(.queue, "p"))
        #expect(try connection.queues() == [queue: QueueKey(.queue, "p")])
    }

    @Test func `what is abandoned is not in the file`() throws {
        try connection.begin()
        _ = try connection.addQueue(QueueKey(.queue, "q"))
        connection.abandon()
        #expect(try connection.queues().isEmpty)
        try connection.begin()
        try connection.commit()
    }
}
