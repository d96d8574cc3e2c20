import Billing
import Functions
import GatewayServer
import Instances
import NIOCore
import NIOEmbedded
import RuntimeProtocol
import Testing

/// Clients that go away, and time that runs out.
@Suite struct LeavingTests {
    @Test func `a client that goes away cancels its invocation, which is on the bill`() async throws
    {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post("x")
            let invocation = await host.next()

            await connection.close()

            await #expect(invocation.cancellations.first { _ in true } == .clientGone)
            invocation.fail(.cancelled)
            #expect(await recordedOutcomes(edge, count: 1) == [.cancelled])
        }
    }

    @Test func `a client that goes away while its answer is on its way is billed once`()
        async throws
    {
        try await withEdge { edge in
            let host = try edge.deploy()
            for round in 1...100 {
                let connection = try await edge.connect()
                try await connection.post("x")
                let invocation = await host.next()

                async let closed: Void = connection.close()
                invocation.answer("late")
                await closed
                invocation.fail(.cancelled)

                let outcomes = await recordedOutcomes(edge, count: round)
                #expect(outcomes.count == round)
                #expect(outcomes.allSatisfy { $0 == .cancelled || $0 == .completed })
            }
        }
    }

    @Test func `a client that goes away while it waits costs nothing`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld { $0.scale.concurrency = 1 }
            let busy = try await edge.connect()
            try await busy.post("busy")
            let running = await host.next()
            let waiting = try await edge.connect()
            try await waiting.post("waiting")

            await waiting.close()
            running.answer("")
            _ = try await busy.answer()
            try await busy.post("next")

            let next = await host.next()
            #expect(next.body == "next")
            next.answer("")
            _ = try await busy.answer()
            #expect(try await edge.records().count == 2)
            #expect(edge.dispatcher.route("echo")?.metrics.count(.cancelled) == 1)
        }
    }

    @Test func `a client that goes away before any instance had its request costs nothing`()
        async throws
    {
        try await withEdge { edge in
            let host = try edge.deploy()
            let busy = try await edge.connect()
            try await busy.post()
            await host.next().answer("")
            _ = try await busy.answer()
            // Its process is gone, and the pool has not heard of it.
            let gone = try #require(host.instances.first)
            gone.dieUnheard(.exited(1))
            let leaving = try await edge.connect()
            try await leaving.post("anyone?")
            for await _ in gone.late { break }

            await leaving.close()
            gone.hear()
            try await busy.post("next")

            let next = await host.next()
            #expect(next.body == "next")
            next.answer("")
            #expect(try await busy.answer().status == 200)
            #expect(try await edge.records().map(\.outcome) == [.completed, .completed])
            #expect(edge.dispatcher.route("echo")?.metrics.count(.cancelled) == 1)
        }
    }

    @Test func `pipelined requests of a client that has gone are not begun`() async throws {
        try await withEdge { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            let requests = (0..<5).map { ClientConnection.request("\($0)") }
            try await connection.send(requests.joined())
            let invocation = await host.next()

            await connection.close()
            invocation.answer("")
            let other = try await edge.connect()
            try await other.post("other")

            #expect(await host.next().body == "other")
        }
    }

    @Test func `a handler that does not give way is stopped after its grace`() async throws {
        try await withEdge(.having(\.cancelGraceMillis, 1)) { edge in
            let host = try edge.deployHeld {
                $0.timeout.totalMillis = 300
                $0.timeout.firstByteMillis = 300
            }
            let connection = try await edge.connect()
            try await connection.post()
            _ = await host.next()

            let answer = try await connection.answerInTime()
            #expect(answer.status == 504)
            await poolIsEmpty(edge)
            host.setReply { $0.answer("another") }
            try await connection.post()

            #expect(try await connection.answer().body == "another")
            #expect(host.instances.count == 2)
            #expect(try await edge.records().map(\.outcome) == [.timedOut, .completed])
        }
    }

    /// Which timeout of the manifest passes first.
    enum Timeout: String, CaseIterable {
        case total
        case firstByte
        case idle
    }

    @Test(arguments: Timeout.allCases)
    func `each timeout of the manifest ends an invocation`(timeout: Timeout) async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld { manifest in
                switch timeout {
                case .total:
                    manifest.timeout.totalMillis = 20
                    manifest.timeout.firstByteMillis = 20
                case .firstByte: manifest.timeout.firstByteMillis = 20
                case .idle: manifest.timeout.idleMillis = 20
                }
            }
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()

            if timeout == .idle {
                invocation.begin("begun")
                #expect(await connection.rest(inTime: true).hasSuffix("5\r\nbegun\r\n"))
            } else {
                let answer = try await connection.answerInTime()
                #expect(answer.status == 504)
                #expect(answer.code == "timedOut")
            }
            await #expect(invocation.cancellations.first { _ in true } == .deadlinePassed)
            invocation.fail(.cancelled)
            #expect(await recordedOutcomes(edge, count: 1) == [.timedOut])
        }
    }

    @Test func `an answer that comes after its deadline is not sent`() async throws {
        try await withEdge { edge in
            let host = try edge.deployHeld {
                $0.timeout.totalMillis = 1
                $0.timeout.firstByteMillis = 1
            }
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()
            #expect(try await connection.answerInTime().status == 504)

            invocation.answer("late")
            try await connection.post("", to: "/function/none")

            #expect(try await connection.answer().status == 404)
            #expect(try await edge.records().map(\.outcome) == [.timedOut])
        }
    }

    @Test func `one that waits too long for an instance is told so and costs nothing`() async throws
    {
        try await withEdge { edge in
            let host = try edge.deployHeld {
                $0.scale.concurrency = 1
                $0.timeout.firstByteMillis = 20
            }
            let busy = try await edge.connect()
            try await busy.post()
            let running = await host.next()
            running.begin("busy")
            let waiting = try await edge.connect()
            try await waiting.post()

            let answer = try await waiting.answerInTime()

            #expect(answer.status == 503)
            #expect(answer.code == "notReady")
            #expect(answer["retry-after"] == "1")
            running.answer("")
            #expect(try await busy.answer().status == 200)
            #expect(try await edge.records().count == 1)
        }
    }

    @Test func `a request that does not arrive is given up`() async throws {
        try await withEdge(.having(\.requestMillisMax, 1)) { edge in
            try edge.deploy { $0.answer("") }
            let connection = try await edge.connect()
            try await connection.send("POST /function/echo HTTP/1.1\r\ncontent-length: 5\r\n\r\nab")

            let answer = try await connection.answerInTime()

            #expect(answer.status == 408)
            #expect(answer.code == "requestTimedOut")
            #expect(await connection.rest(inTime: true) == "")
            #expect(try await edge.records().isEmpty)
        }
    }

    @Test func `a request of another route that does not arrive is given up`() async throws {
        try await withEdge(.having(\.requestMillisMax, 1)) { edge in
            let connection = try await edge.connect()
            try await connection.send("PUT /v1/functions/a HTTP/1.1\r\ncontent-length: 5\r\n\r\nab")
            await connection.askForMore()

            #expect(await connection.rest(inTime: true) == "")
            #expect(!connection.isOpen)
        }
    }

    @Test func `a connection without requests is closed`() async throws {
        try await withEdge(.having(\.idleMillisMax, 1)) { edge in
            let connection = try await edge.connect()

            #expect(await connection.rest(inTime: true) == "")
            #expect(!connection.isOpen)
        }
    }

    @Test func `a connection that waits for its answer is not closed`() async throws {
        try await withEdge(.having(\.idleMillisMax, 1)) { edge in
            let host = try edge.deploy()
            let connection = try await edge.connect()
            try await connection.post()
            let invocation = await host.next()
            for _ in 0..<50 { await edge.loops[0].advanceTime(by: .seconds(1)) }

            invocation.answer("ok")

            #expect(try await connection.answer().body == "ok")
        }
    }
}
