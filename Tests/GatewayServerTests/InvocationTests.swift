import Billing
import Functions
import GatewayAPI
import GatewayServer
import Instances
import NIOCore
import Pooling
import RuntimeProtocol
import Testing

/// What becomes of an invocation, and what the ledger says of it.
@Suite struct InvocationTests {
    /// How an invocation may end on its instance, and what client and ledger are told.
    struct Ending: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status: Int
        var code: String
        var outcome: Outcome
        var end: @Sendable (ScriptedInvocation) -> Void
    }

    private static let endings: [Ending] = [
        Ending(testDescription: "input", status: 400, code: "inputInvalid", outcome: .completed) {
            $0.fail(.inputInvalid, "no")
        },
        Ending(testDescription: "raised", status: 500, code: "handlerRaised", outcome: .failed) {
            $0.fail(.handlerRaised, "no")
        },
        Ending(testDescription: "output", status: 500, code: "outputInvalid", outcome: .failed) {
            $0.fail(.outputInvalid, "no")
        },
        Ending(testDescription: "memory", status: 502, code: "outOfMemory", outcome: .failed) {
            $0.fail(.outOfMemory, "no")
        },
        Ending(testDescription: "exit", status: 502, code: "instanceDied", outcome: .failed) {
            $0.end(.instanceDied(.exited(1)))
        },
        Ending(testDescription: "signal", status: 502, code: "instanceDied", outcome: .failed) {
            $0.end(.instanceDied(.signalled(9)))
        },
        Ending(testDescription: "killed", status: 502, code: "outOfMemory", outcome: .failed) {
            $0.end(.instanceDied(.outOfMemory))
        },
        Ending(testDescription: "garbage", status: 502, code: "instanceDied", outcome: .failed) {
            $0.end(.instanceDied(.brokeProtocol("x")))
        },
    ]

    @Test(arguments: endings)
    func `each way to fail has its status, its code and its record`(ending: Ending) async throws {
        try await withEdge { edge in
            try edge.deploy(reply: ending.end)
            let connection = try await edge.connect()
            try await connection.post("{}")

            let answer = try await connection.answer()

            let problem = try answer.problem()
            #expect(answer.status == ending.status)
            #expect(problem.status == ending.status)
            #expect(problem.code == ending.code)
            #expect(problem.type == "urn:faas:problem:\(ending.code)")
            #expect(answer["content-type"] == "application/problem+json")
            #expect(problem.instance == answer["x-invocation-id"])
            let record = try #require(try await edge.records().first)
            #expect(record.outcome == ending.outcome)
            #expect(record.id.description == answer["x-invocation-id"])
        }
    }

    @Test func `a handler's message is told with its type, and no traceback`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.fail(.handlerRaised, "the weights are gone") }
            let connection = try await edge.connect()
            try await connection.post()

            let problem = try await connection.answer().problem()

            #expect(problem.detail == "Error: the weights are gone")
        }
    }

    @Test func `a failure without a message is still one`() async throws {
        try await withEdge { edge in
            try edge.deploy { invocation in
                let end = InvocationEnd.failed(
                    .handlerRaised,
                    ByteBuffer(string: "no JSON"),
                    runMicros: 1
                )
                invocation.end(end)
            }
            let connection = try await edge.connect()
            try await connection.post()

            #expect(try await connection.answer().code == "handlerRaised")
        }
    }

    @Test func `the record says what was used`() async throws {
        try await withEdge { edge in
            // What an instance says counts as far as the gateway saw time pass: not for long here.
            try edge.deploy(reply: { $0.answer("answer", runMicros: 1) }) {
                $0.limits.memoryMiB = 96
            }
            let connection = try await edge.connect()
            try await connection.post("four")
            let cold = try await connection.answer()
            try await connection.post("four")
            let warm = try await connection.answer()

            let records = try await edge.records()
            let ids = [cold, warm].compactMap { $0["x-invocation-id"] }
            #expect(records.map(\.id.description) == ids)
            #expect(records.map(\.startKind) == [.cold, .warm])
            #expect(warm["x-start-kind"] == "warm")
            let record = try #require(records.last)
            #expect(record.function == "echo")
            #expect(record.revision == "echo-1")
            #expect(record.account == "local")
            #expect(record.trigger == .http)
            #expect(record.attempt == 1)
            #expect(record.outcome == .completed)
            #expect(record.runMicros == 1)
            #expect(record.billedMillis == 1)
            #expect(record.memoryMiB == 96)
            #expect(record.bytesIn == 4)
            #expect(record.bytesOut == 6)
            #expect(record.startMicros == 0)
        }
    }

    @Test func `what never reaches an instance has no record`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            host.refuseStarts(InstanceError(.load(.importRaised), "it does not import"))
            let connection = try await edge.connect()
            try await connection.post()

            let answer = try await connection.answer()

            #expect(answer.status == 503)
            #expect(answer.code == "notReady")
            #expect(answer["retry-after"].flatMap { Int($0) }.map { $0 >= 1 } == true)
            #expect(try answer.problem().detail?.contains("it does not import") == true)
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test func `more than may wait are turned away`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld {
                $0.scale.concurrency = 1
                $0.scale.queue = 2
            }
            let busy = try await edge.connect()
            try await busy.post("busy")
            let running = await host.next()
            var waiting: [ClientConnection] = []
            for number in 0..<2 {
                waiting.append(try await edge.connect())
                try await waiting[number].post("\(number)")
            }
            let rejected = try await edge.connect()

            try await rejected.post("too many")

            let answer = try await rejected.answer()
            #expect(answer.status == 429)
            #expect(answer.code == "queueFull")
            #expect(answer["retry-after"] == "1")
            running.answer("")
            #expect(try await busy.answer().status == 200)
            for connection in waiting {
                await host.next().answer("")
                #expect(try await connection.answer().status == 200)
            }
            #expect(try await edge.records().count == 3)
            #expect(edge.dispatcher.route("echo")?.metrics.count(.queueFull) == 1)
        }
    }

    @Test func `what an ended instance has not seen goes to another`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld { _ in }
            let connection = try await edge.connect()
            try await connection.post()
            await host.next().answer("")
            _ = try await connection.answer()
            // Its process is gone, and the pool has not heard of it.
            let gone = try #require(host.instances.first)
            gone.dieUnheard(.exited(1))

            try await connection.post("anyone?")
            for await _ in gone.late { break }
            gone.hear()

            let running = await host.next()
            #expect(running.body == "anyone?")
            running.answer("me")
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(try await edge.records().count == 2)
        }
    }

    @Test func `after an instance has died the next invocation gets another`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post()
            _ = await host.next()
            host.instances.first?.die(.exited(1))
            #expect(try await connection.answer().status == 502)
            await poolIsEmpty(edge)

            try await connection.post()
            await host.next().answer("again")

            #expect(try await connection.answer().body == "again")
            #expect(host.instances.count == 2)
            #expect(try await edge.records().map(\.outcome) == [.failed, .completed])
        }
    }

    @Test func `an answer is sent after its record is in the ledger`() async throws {
        try await withEdge { edge in
            try edge.deploy { $0.answer($0.body) }
            let connection = try await edge.connect()
            for number in 1...50 {
                try await connection.post("\(number)")
                _ = try await connection.answer()

                #expect(try await edge.records().count == number)
            }
        }
    }

    @Test func `without a ledger no answer is given`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()
            edge.dispatcher.close()

            invocation.answer("secret")

            let answer = try await connection.answer()
            #expect(answer.status == 503)
            #expect(!answer.body.contains("secret"))
            #expect(try await edge.records().isEmpty)
        }
    }
}
