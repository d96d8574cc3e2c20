import Functions
import GatewayAPI
import Storage
import Testing
import Triggers

@Suite struct MessageBatchTests {
    private func read(
        _ body: String,
        _ contentType: String,
        max: Int = 10,
        _ change: (inout MessageBatch.Options) -> Void = { _ in }
    ) throws -> [MessageOrder] {
        var options = MessageBatch.Options(headers: [], contentType: contentType)
        change(&options)
        return try MessageBatch(
            options: options,
            now: 1_000_000,
            messagesMax: max,
            makeID: { InvocationID(acceptedAtMicros: $0, random: .random(in: 0 ... .max)) }
        ).read(Array(body.utf8))
    }

    private func problem(_ body: () throws -> [MessageOrder]) throws -> Problem {
        try #require(#expect(throws: Problem.self) { _ = try body() })
    }

    private func bodies(_ orders: [MessageOrder]) -> [String] {
        orders.map { String(decoding: $0.message.body, as: UTF8.self) }
    }

    private func headers(_ order: MessageOrder) -> String {
        String(decoding: order.message.headers, as: UTF8.self)
    }

    @Test func `a body of any other type is one message, as it came`() throws {
        let orders = try read("not { JSON\n", "text/plain; charset=utf-8") {
            $0.headers = Array("x-a: 1".utf8)
            $0.delayMillis = 2_000
            $0.deduplicationID = "k"
        }
        #expect(bodies(orders) == ["not { JSON\n"])
        #expect(headers(orders[0]) == "content-type: text/plain; charset=utf-8\nx-a: 1")
        #expect(orders[0].message.dueAt == 3_000_000)
        #expect(orders[0].deduplicationID == "k")
    }

    @Test func `lines are messages; empty ones are none`() throws {
        let orders = try read("1\n\n {\"a\": 2} \r\n[3]", "application/x-ndjson; charset=utf-8") {
            $0.group = "g"
        }
        #expect(bodies(orders) == ["1", "{\"a\": 2}", "[3]"])
        #expect(orders.allSatisfy { $0.message.groupKey == "g" })
        #expect(Set(orders.map(\.message.id)).count == 3)
        #expect(headers(orders[0]) == "content-type: application/json")
    }

    @Test func `a line that is no JSON is named`() throws {
        let problem = try problem { try read("1\n\n{\"a\" 2}\n", "application/x-ndjson") }
        #expect(problem.code == "messageInvalid")
        #expect(problem.errors?.first?.line == 3)
        #expect(problem.detail?.contains("Line 3") == true)
    }

    @Test func `a batch has messages with options of their own`() throws {
        let orders = try read(
            """
            [{"body": {"a": [1, 2]}, "delayMillis": 5}, {"body":null,"group":"g"},
             {"deduplicationId": "d", "body": "x"}]
            """,
            MediaType.messageBatch
        )
        #expect(bodies(orders) == ["{\"a\": [1, 2]}", "null", "\"x\""])
        #expect(orders.map(\.message.dueAt) == [1_005_000, nil, nil])
        #expect(orders.map(\.message.groupKey) == [nil, "g", nil])
        #expect(orders.map(\.deduplicationID) == [nil, nil, "d"])
    }

    @Test func `a batch of events has events`() throws {
        let orders = try read("[{\"id\":\"1\"}, {\"id\":\"2\"}]", MediaType.cloudEventBatch)
        #expect(bodies(orders) == ["{\"id\":\"1\"}", "{\"id\":\"2\"}"])
        #expect(headers(orders[0]) == "content-type: \(MediaType.cloudEvent)")
    }

    @Test(arguments: [
        "", "{}", "[1]", "[{}]", "[{\"group\":\"g\"}]", "[{\"body\":1,\"extra\":2}]",
        "[{\"body\":1,\"delayMillis\":-1}]", "[{\"body\":1,\"delayMillis\":1.5}]",
        "[{\"body\":1,\"delayMillis\":\"1\"}]", "[{\"body\":1,\"delayMillis\":9999999999999}]",
        "[{\"body\":1,\"group\":3}]", "[{\"body\":1,\"group\":\"g\",\"delayMillis\":1}]",
        "[{\"body\":1}", "[{\"body\":1}] x", "[{\"body\":1}][{\"body\":2}]",
        "[{\"body\":1,\"deduplicationId\":\"\"}]",
    ])
    func `a batch that is none is refused`(body: String) throws {
        #expect(try problem { try read(body, MediaType.messageBatch) }.code == "messageInvalid")
    }

    @Test(arguments: ["application/x-ndjson", MediaType.messageBatch])
    func `a batch over the limit is refused`(type: String) throws {
        let body =
            type == MediaType.messageBatch ? "[{\"body\":1},{\"body\":2},{\"body\":3}]" : "1\n2\n3"
        #expect(try read(body, type, max: 3).count == 3)
        #expect(try problem { try read(body, type, max: 2) }.code == "messageInvalid")
    }

    @Test(arguments: ["application/x-ndjson", MediaType.messageBatch, MediaType.cloudEventBatch])
    func `an id for a whole batch is refused: all but one would be dropped`(type: String) throws {
        let body = type == "application/x-ndjson" ? "1\n2" : "[{\"body\":1},{\"body\":2}]"
        let problem = try problem { try read(body, type) { $0.deduplicationID = "k" } }
        #expect(problem.code == "messageInvalid")
    }

    @Test(arguments: ["application/json", "application/x-ndjson"])
    func `a group and a delay do not go together`(type: String) throws {
        let problem = try problem {
            try read("1", type) {
                $0.group = "g"
                $0.delayMillis = 1
            }
        }
        #expect(problem.code == "queueInvalid")
    }

    @Test func `a group, an id or a delay over its limit is refused`() throws {
        let long = String(repeating: "x", count: 257)
        for change: (inout MessageBatch.Options) -> Void in [
            { $0.group = long }, { $0.deduplicationID = long },
            { $0.delayMillis = 31 * 86_400_000 },
        ] {
            #expect(try problem { try read("1", "text/plain", change) }.code == "queueInvalid")
        }
    }
}
