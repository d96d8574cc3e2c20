import Functions
import Packaging
import Testing

@Suite struct ManifestTriggersTests {
    @Test func `a queue has the documented defaults`() throws {
        let triggers = try triggers("- queue: { name: patients }")

        let name = try #require(QueueName("patients"))
        let dead = try #require(QueueName("patients-dead"))
        #expect(triggers.queues == [QueueTrigger(source: .embedded(name), dead: dead)])
        #expect(triggers.queues.first?.batch == 1)
        #expect(triggers.queues.first?.concurrency == nil)
        #expect(triggers.queues.first?.attempts == 5)
        #expect(triggers.queues.first?.backoff == Backoff(firstMillis: 1000, lastMillis: 300_000))
        #expect(triggers.schedules.isEmpty)
    }

    @Test func `every key of a queue is read`() throws {
        let queue = try #require(
            triggers(
                """
                - queue:
                    { name: patients, batch: 16, concurrency: 4, attempts: 7, backoff: 500ms..10m,
                      dead: lost }
                """,
                above: "scale: { concurrency: 16 }\n"
            ).queues.first
        )

        #expect(queue.batch == 16)
        #expect(queue.concurrency == 4)
        #expect(queue.attempts == 7)
        #expect(queue.backoff == Backoff(firstMillis: 500, lastMillis: 600_000))
        #expect(queue.dead.description == "lost")
    }

    @Test func `one duration is a pause that stays the same`() throws {
        let queue = try triggers("- queue: { name: q, backoff: 10s }").queues.first

        #expect(queue?.backoff == Backoff(firstMillis: 10_000, lastMillis: 10_000))
    }

    @Test(arguments: [
        (
            "nats://127.0.0.1:4222, stream: EVENTS, subject: patients.*, durable: diabetes",
            BrokerSource.Kind.nats, "nats://127.0.0.1:4222",
            ["stream": "EVENTS", "subject": "patients.*", "durable": "diabetes"]
        ),
        (
            "tls://user:pass@nats.example:4222, stream: EVENTS", .nats,
            "tls://user:pass@nats.example:4222", ["stream": "EVENTS", "durable": "f"]
        ),
        (
            "redis://:password@host:6379/0, stream: patients, group: diabetes", .redis,
            "redis://:password@host:6379/0", ["stream": "patients", "group": "diabetes"]
        ),
        (
            "'rediss://[::1]:6379', stream: patients", .redis, "rediss://[::1]:6379",
            ["stream": "patients", "group": "f"]
        ),
        (
            "sqs+http://127.0.0.1:5000/000000000000/patients, region: eu-north-1", .sqs,
            "sqs+http://127.0.0.1:5000/000000000000/patients", ["region": "eu-north-1"]
        ),
        (
            "sqs+https://sqs.eu-west-3.amazonaws.com/000000000000/patients", .sqs,
            "sqs+https://sqs.eu-west-3.amazonaws.com/000000000000/patients",
            ["region": "eu-west-3"]
        ),
        (
            "amqp://user:password@host:5672/vhost, queue: patients", .amqp,
            "amqp://user:password@host:5672/vhost", ["queue": "patients"]
        ),
        ("amqps://host/%2F, queue: q", .amqp, "amqps://host/%2F", ["queue": "q"]),
    ])
    func `a broker is read with its options`(
        written: String,
        kind: BrokerSource.Kind,
        url: String,
        options: [String: String]
    ) throws {
        let queue = try #require(
            triggers("- queue: { broker: \(written), attempts: 9 }").queues.first
        )

        #expect(queue.source == .broker(BrokerSource(kind: kind, url: url, options: options)))
        #expect(queue.attempts == 9)
        #expect(queue.dead.description == "f-dead")
    }

    @Test func `a schedule has the documented defaults`() throws {
        let triggers = try triggers("- schedule: { cron: '@daily' }")

        #expect(triggers.schedules == [ScheduleTrigger(name: "f", cron: "@daily")])
        let schedule = try #require(triggers.schedules.first)
        #expect(schedule.zone == "UTC")
        #expect(schedule.missed == .skip)
        #expect(schedule.input == "{}")
        #expect(schedule.attempts == 1)
    }

    @Test func `every key of a schedule is read`() throws {
        let schedule = try triggers(
            """
            - schedule:
                cron: "*/5 * * * *"
                zone: Europe/Stockholm
                missed: once
                name: every-five
                attempts: 3
                input: { age: 54 }
            """
        ).schedules.first

        #expect(schedule?.cron == "*/5 * * * *")
        #expect(schedule?.zone == "Europe/Stockholm")
        #expect(schedule?.missed == .once)
        #expect(schedule?.name == "every-five")
        #expect(schedule?.attempts == 3)
        #expect(schedule?.input == #"{"age":54}"#)
    }

    @Test func `schedules without a name are numbered`() throws {
        let schedules = try triggers(
            """
            - schedule: { cron: '@daily' }
            - http
            - schedule: { cron: '@hourly', name: hourly }
            - schedule: { cron: '@weekly' }
            """
        ).schedules

        #expect(schedules.map(\.name) == ["f", "hourly", "f-3"])
    }

    @Test(arguments: [
        ("{ b: 1, a: [x, 'y', \"z\"] }", #"{"b":1,"a":["x","y","z"]}"#),
        ("[]", "[]"), ("{}", "{}"), ("text", #""text""#), ("'5'", #""5""#), ("5", "5"),
        ("~", "null"), ("null", "null"), ("", "null"), ("true", "true"), ("False", "false"),
        ("yes", #""yes""#), ("-1.50e+3", "-1.50e+3"), ("0.1", "0.1"), ("0", "0"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("2026-03-01", #""2026-03-01""#), ("1.2.3", #""1.2.3""#), ("1h", #""1h""#),
        ("\"a\\\"b\\\\\\n\\t\\e\"", #""a\"b\\\n\t\u001b""#),
        ("hé 日本", #""hé 日本""#),
        ("{ 'a b': { c: ~ } }", #"{"a b":{"c":null}}"#),
        ("|\n      two\n      lines", "\"two\\nlines\\n\""),
        ("{ 5: x, true: y }", #"{"5":"x","true":"y"}"#), ("infinity", #""infinity""#),
        ("nan", #""nan""#), ("e5", #""e5""#), ("_", #""_""#), ("...a", #""...a""#),
    ])
    func `an input in YAML is the same in JSON`(yaml: String, json: String) throws {
        let schedule = try triggers(
            "- schedule:\n    cron: '@daily'\n    input: \(yaml)"
        ).schedules.first

        #expect(schedule?.input == json)
    }

    @Test func `an input's JSON is read back as the value`() throws {
        let schedule = try triggers(
            """
            - schedule:
                cron: '@daily'
                input: { text: "\\u0000\\u0001\\x1f\\u2028é\\"\\\\", list: [1, 2.5, [], {}, null] }
            """
        ).schedules.first

        let value = try JSONValue(Array(try #require(schedule).input.utf8), name: "input")
        #expect(
            value
                == .object([
                    "text": .string("\u{0}\u{1}\u{1f}\u{2028}é\"\\"),
                    "list": .array([.number(1), .number(2.5), .array([]), .object([:]), .null]),
                ])
        )
    }

    @Test func `queues, schedules and http stand in one list`() throws {
        let triggers = try triggers(
            """
            - http
            - queue: { name: a }
            - schedule: { cron: '@daily' }
            - queue: { name: b, dead: a }
            - queue: { broker: redis://h, stream: a }
            - queue: { broker: redis://h, stream: a, group: other }
            """
        )

        #expect(triggers.queues.count == 4)
        #expect(triggers.schedules.count == 1)
    }

    private func triggers(_ list: String, above: String = "") throws -> Manifest.Triggers {
        let lines = list.split(separator: "\n").map { "  \($0)\n" }.joined()
        return try ManifestReader.read("name: f\n\(above)triggers:\n\(lines)").triggers
    }
}
