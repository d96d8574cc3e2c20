import Functions
import Packaging
import Testing

/// One way to get the one trigger of a manifest wrong, which stands on line 3.
struct TriggerFaultCase: CustomTestStringConvertible, Sendable {
    let trigger: String
    let column: Int
    let problem: String
    let nearest: String?

    init(_ trigger: String, _ column: Int, _ problem: String, nearest: String? = nil) {
        self.trigger = trigger
        self.column = column
        self.problem = problem
        self.nearest = nearest
    }

    var testDescription: String { "\(trigger): \(problem)" }
}

@Suite struct ManifestTriggerFaultTests {
    static let shape = [
        TriggerFaultCase("queue", 5, "is a single value, not a map"),
        TriggerFaultCase("queue: q", 12, "triggers[0].queue is a single value, not a map"),
        TriggerFaultCase("queue:", 11, "triggers[0].queue is empty, not a map"),
        TriggerFaultCase("schedule: '@daily'", 15, "triggers[0].schedule is a single value"),
        TriggerFaultCase("queeu: {}", 5, "is 'queeu', which is no trigger", nearest: "queue"),
        TriggerFaultCase("cron: {}", 5, "is 'cron', which is no trigger"),
        TriggerFaultCase("queue: {}", 12, "triggers[0].queue needs 'name' or 'broker'"),
        TriggerFaultCase("schedule: {}", 15, "triggers[0].schedule needs 'cron'"),
    ]

    static let queues = [
        TriggerFaultCase(
            "queue: { name: q, bacth: 2 }",
            23,
            "unknown key 'bacth' in triggers[0].queue",
            nearest: "batch"
        ),
        TriggerFaultCase("queue: { name: q, stream: s }", 23, "unknown key 'stream'"),
        TriggerFaultCase("queue: { name: My_Queue }", 20, "is 'My_Queue'", nearest: "my-queue"),
        TriggerFaultCase("queue: { name: [q] }", 20, "triggers[0].queue.name is a list"),
        TriggerFaultCase("queue: { name: q, batch: 0 }", 30, "which is too little"),
        TriggerFaultCase("queue: { name: q, batch: many }", 30, "not a whole number"),
        TriggerFaultCase(
            "queue: { name: q, batch: 2 }",
            30,
            "batch is 2, more than scale.concurrency, which is 1"
        ),
        TriggerFaultCase("queue: { name: q, concurrency: 0 }", 36, "which is too little"),
        TriggerFaultCase("queue: { name: q, attempts: 0 }", 33, "which is too little"),
        TriggerFaultCase("queue: { name: q, attempts: 101 }", 33, "which is too much"),
        TriggerFaultCase(
            "queue: { name: q, backoff: 10 }",
            32,
            "without a unit",
            nearest: "10s"
        ),
        TriggerFaultCase("queue: { name: q, backoff: 1s..5min }", 32, "unit", nearest: "5m"),
        TriggerFaultCase("queue: { name: q, backoff: 1s.. }", 32, "is empty"),
        TriggerFaultCase("queue: { name: q, backoff: 1s..2s..3s }", 32, "is '1s..2s..3s'"),
        TriggerFaultCase("queue: { name: q, backoff: 5m..1s }", 32, "the shorter one"),
        TriggerFaultCase("queue: { name: q, backoff: 0s..1s }", 32, "which is too little"),
        TriggerFaultCase("queue: { name: q, backoff: 1s..25h }", 32, "which is too much"),
        TriggerFaultCase("queue: { name: q, dead: q }", 29, "is 'q', the queue itself"),
        TriggerFaultCase("queue: { name: q, dead: Q! }", 29, "dead is 'Q!'", nearest: "q"),
        TriggerFaultCase(
            "queue: { name: \(String(repeating: "q", count: 60)) }",
            20,
            "needs 'dead'"
        ),
        TriggerFaultCase("queue: { name: q, broker: 'nats://h', stream: s }", 31, "beside 'name'"),
    ]

    static let brokers = [
        TriggerFaultCase("queue: { broker: h }", 22, "broker is not a URL"),
        TriggerFaultCase("queue: { broker: [h] }", 22, "broker is a list"),
        TriggerFaultCase("queue: { broker: 'kafka://h' }", 22, "begins with 'kafka://'"),
        TriggerFaultCase("queue: { broker: 'nat://h' }", 22, "'nat://'", nearest: "nats"),
        TriggerFaultCase("queue: { broker: 'http://h' }", 22, "'http://'", nearest: "sqs+http"),
        TriggerFaultCase("queue: { broker: 'nats://', stream: s }", 22, "names no host"),
        TriggerFaultCase("queue: { broker: 'nats://:4222', stream: s }", 22, "names no host"),
        TriggerFaultCase("queue: { broker: 'nats://h:x', stream: s }", 22, "has no port"),
        TriggerFaultCase("queue: { broker: 'nats://h:0', stream: s }", 22, "has no port"),
        TriggerFaultCase("queue: { broker: 'nats://h:70000', stream: s }", 22, "has no port"),
        TriggerFaultCase("queue: { broker: 'redis://[::1', stream: s }", 22, "without its ']'"),
        TriggerFaultCase("queue: { broker: 'nats://h/x', stream: s }", 22, "after the port"),
        TriggerFaultCase("queue: { broker: 'nats://h h', stream: s }", 22, "has a character"),
        TriggerFaultCase("queue: { broker: 'amqp://h/?x=1', queue: s }", 22, "has a '?'"),
        TriggerFaultCase("queue: { broker: 'redis://h/db', stream: s }", 22, "has no number"),
        TriggerFaultCase("queue: { broker: 'amqp://h/a/b', queue: s }", 22, "virtual host"),
        TriggerFaultCase("queue: { broker: 'sqs+http://h/q', region: r }", 22, "the account"),
        TriggerFaultCase("queue: { broker: 'sqs+http://k:s@h/1/q', region: r }", 22, "has a user"),
        TriggerFaultCase("queue: { broker: 'nats://h' }", 22, "needs 'stream', which nats"),
        TriggerFaultCase("queue: { broker: 'redis://h' }", 23 - 1, "needs 'stream', which redis"),
        TriggerFaultCase("queue: { broker: 'sqs+http://h/1/q' }", 22, "needs 'region'"),
        TriggerFaultCase("queue: { broker: 'amqp://h' }", 22, "needs 'queue', which amqp"),
        TriggerFaultCase(
            "queue: { broker: 'redis://h', stream: s, gruop: g }",
            46,
            "unknown key 'gruop'",
            nearest: "group"
        ),
        TriggerFaultCase("queue: { broker: 'redis://h', stream: s, subject: g }", 46, "'subject'"),
        TriggerFaultCase("queue: { broker: 'nats://h', stream: a.b }", 42, "stream is 'a.b'"),
        TriggerFaultCase("queue: { broker: 'nats://h', stream: '' }", 42, "has 0 bytes"),
        TriggerFaultCase("queue: { broker: 'redis://h', stream: 'a b' }", 43, "is 'a b'"),
        TriggerFaultCase(
            "queue: { broker: 'nats://h', stream: s, subject: 'a..b' }",
            54,
            "subject is 'a..b'"
        ),
        TriggerFaultCase(
            "queue: { broker: 'nats://h', stream: s, subject: '>.b' }",
            54,
            "subject is '>.b'"
        ),
        TriggerFaultCase(
            "queue: { broker: 'sqs+http://h/1/q', region: EU }",
            50,
            "region is 'EU'"
        ),
    ]

    static let schedules = [
        TriggerFaultCase(
            "schedule: { crom: '@daily', cron: '@daily' }",
            17,
            "unknown key 'crom'",
            nearest: "cron"
        ),
        TriggerFaultCase("schedule: { cron: '* * * *' }", 23, "cron has 4 fields"),
        TriggerFaultCase("schedule: { cron: 5 }", 23, "cron has 1 field"),
        TriggerFaultCase("schedule: { cron: [5] }", 23, "cron is a list"),
        TriggerFaultCase(
            "schedule: { cron: '61 * * * *' }",
            23,
            "cron has '61' as its minute, which is too much"
        ),
        TriggerFaultCase(
            "schedule: { cron: '0 0 * * MOM' }",
            23,
            "cron has 'MOM' where its weekday should be",
            nearest: "MON"
        ),
        TriggerFaultCase("schedule: { cron: '@dayly' }", 23, "is '@dayly'", nearest: "@daily"),
        TriggerFaultCase("schedule: { cron: '0 0 30 2 *' }", 23, "is never due"),
        TriggerFaultCase("schedule: { cron: '@daily', zone: '' }", 39, "zone is ''"),
        TriggerFaultCase("schedule: { cron: '@daily', zone: ../x }", 39, "zone is '../x'"),
        TriggerFaultCase("schedule: { cron: '@daily', zone: '+02:00' }", 39, "zone is '+02:00'"),
        TriggerFaultCase(
            "schedule: { cron: '@daily', missed: onse }",
            41,
            "missed is 'onse'",
            nearest: "once"
        ),
        TriggerFaultCase("schedule: { cron: '@daily', attempts: 0 }", 43, "which is too little"),
        TriggerFaultCase("schedule: { cron: '@daily', name: A b }", 39, "is 'A b'", nearest: "a-b"),
        TriggerFaultCase("schedule: { cron: '@daily', input: 012 }", 40, "input is 012"),
        TriggerFaultCase(
            "schedule: { cron: '@daily', input: { a: [x, 0x1F] } }",
            49,
            "input.a[1] is 0x1F"
        ),
        TriggerFaultCase("schedule: { cron: '@daily', input: .inf }", 40, "input is .inf"),
        TriggerFaultCase("schedule: { cron: '@daily', input: 1_000 }", 40, "input is 1_000"),
        TriggerFaultCase("schedule: { cron: '@daily', input: +1 }", 40, "input is +1"),
        TriggerFaultCase("schedule: { cron: '@daily', input: 1. }", 40, "input is 1."),
        TriggerFaultCase("schedule: { cron: '@daily', input: { [a]: 1 } }", 42, "a key must be"),
    ]

    @Test(arguments: shape + queues + brokers + schedules)
    func `a faulty trigger is refused with the place and the nearest valid word`(
        fault: TriggerFaultCase
    ) throws {
        let faults = faults(of: "name: f\ntriggers:\n  - \(fault.trigger)")

        let found = try #require(faults.first)
        #expect(faults.count == 1, "\(faults.map(\.description))")
        #expect(found.problem.contains(fault.problem), "\(found)")
        #expect((found.line, found.column) == (3, fault.column), "\(found)")
        #expect(found.nearest == fault.nearest, "\(found)")
    }

    static let pairs = [
        TriggerFaultCase(
            "queue: { name: q }\n  - queue: { name: q, dead: d }",
            20,
            "triggers[1].queue.name is read by another trigger of this function too"
        ),
        TriggerFaultCase(
            "queue: { broker: 'redis://h', stream: s }\n"
                + "  - queue: { broker: 'redis://h', stream: s, attempts: 2 }",
            22,
            "triggers[1].queue.broker is read by another trigger"
        ),
        TriggerFaultCase(
            "queue: { broker: 'nats://h', stream: s, subject: a }\n"
                + "  - queue: { broker: 'nats://h', stream: s, subject: b }",
            22,
            "triggers[1].queue.broker is read by another trigger"
        ),
        TriggerFaultCase(
            "queue: { name: a, dead: b }\n  - queue: { name: b, dead: a }",
            29,
            "is 'a', whose own dead letters come back to 'b'"
        ),
        TriggerFaultCase(
            "schedule: { cron: '@daily', name: s }\n  - schedule: { cron: '@daily', name: s }",
            39,
            "name is 's', as another schedule of this function is named"
        ),
        TriggerFaultCase(
            "schedule: { cron: '@daily', name: f-2 }\n  - schedule: { cron: '@daily' }",
            15,
            "is 'f-2', as another schedule of this function is named"
        ),
    ]

    @Test(arguments: pairs)
    func `two triggers that can't both be there are refused at the second`(
        fault: TriggerFaultCase
    ) throws {
        let faults = faults(of: "name: f\ntriggers:\n  - \(fault.trigger)")

        let found = try #require(faults.first)
        #expect(faults.count == 1, "\(faults.map(\.description))")
        #expect(found.problem.contains(fault.problem), "\(found)")
        #expect((found.line, found.column) == (4, fault.column), "\(found)")
    }

    @Test func `dead letters that go round in a circle of queues are refused`() {
        let faults = faults(
            of: """
                name: f
                triggers:
                  - queue: { name: a, dead: b }
                  - queue: { name: b, dead: c }
                  - queue: { name: c, dead: a }
                """
        )
        #expect(faults.map(\.line) == [5])
    }

    @Test func `no fault shows a broker's password`() {
        let urls = [
            "nats://user:hunter2@", "http://user:hunter2@h", "redis://:hunter2@h:x",
            "amqp://u:hunter2@h/a/b", "sqs+http://k:hunter2@h/1/q", "redis://:hunter2@h?x",
            "user:hunter2@h", "amqp://u:hunter2@h",
        ]
        for url in urls {
            let faults = faults(of: "name: f\ntriggers:\n  - queue: { broker: '\(url)' }")
            #expect(!faults.isEmpty)
            #expect(!faults.contains { $0.description.contains("hunter2") }, "\(faults)")
        }
    }

    @Test func `a faulty scale is not told again by a trigger's batch`() {
        let faults = faults(
            of: "name: f\nscale: { concurrency: 0 }\ntriggers: [queue: { name: q, batch: 2 }]"
        )
        #expect(faults.map(\.line) == [2])
    }

    @Test func `a faulty name is not told again by triggers`() {
        let faults = faults(
            of: """
                name: F
                triggers:
                  - queue: { broker: "amqp://h", queue: q }
                  - schedule: { cron: "@daily" }
                """
        )
        #expect(faults.map(\.line) == [1])
    }

    @Test func `an input over the function's payload is refused`() {
        let text = String(repeating: "x", count: 2000)
        let faults = faults(
            of: """
                name: f
                limits: { payload: 1Ki }
                triggers:
                  - schedule: { cron: "@daily", input: \(text) }
                """
        )
        #expect(faults.first?.problem.contains("has 2002 bytes, more than limits.payload") == true)
    }
}
