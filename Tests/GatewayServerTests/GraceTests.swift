import Functions
import GatewayServer
import Instances
import NIOCore
import NIOEmbedded
import Pooling
import RuntimeProtocol
import Testing

/// Handlers that are asked to give way, and who else is on their instance.
@Suite(.timeLimit(.minutes(1))) struct GraceTests {
    @Test func `an instance that is given grace to stop gets no other invocations`() async throws {
        try await withEdge(.having(\.cancelGraceMillis, 60_000)) { edge in
            let host = try edge.deployHeld {
                $0.scale.max = 2
                $0.timeout.totalMillis = 300
                $0.timeout.firstByteMillis = 300
            }
            let connection = try await edge.connect()
            try await connection.post("stuck")
            let stuck = await host.next()
            #expect(try await connection.answerInTime().status == 504)
            for _ in 0..<2 { await edge.loops[0].advanceTime(by: .milliseconds(20)) }

            let other = try await edge.connect()
            try await other.post("other")
            let next = await host.next()

            #expect(next.body == "other")
            #expect(host.instances.count == 2)
            next.answer("")
            #expect(try await other.answer().status == 200)
            stuck.fail(.cancelled)
            try await edge.settle()
            let snapshot = edge.dispatcher.route("echo")?.pool.snapshot
            #expect(snapshot?.idle == 2)
        }
    }

    @Test func `a client that leaves ends nobody else's invocation on its instance`() async throws {
        try await withEdge(.having(\.cancelGraceMillis, 0)) { edge in
            let host = try edge.deploy()
            let (leaving, _) = try await begin("stuck", edge, host)
            let (staying, other) = try await begin("other", edge, host)

            await leaving.close()
            await sweep(edge)
            other.answer("still here")

            let answer = try await staying.answer()
            #expect(answer.status == 200)
            #expect(answer.body == "still here")
            // It is alone now.
            await poolIsEmpty(edge)
            let outcomes = await recordedOutcomes(edge, count: 2)
            #expect(outcomes.count == 2)
            #expect(outcomes.contains(.completed))
            #expect(outcomes.contains(.cancelled))
        }
    }

    @Test func `an instance that only clients who left are on is stopped`() async throws {
        try await withEdge(.having(\.cancelGraceMillis, 0)) { edge in
            let host = try edge.deploy()
            let (first, _) = try await begin("stuck", edge, host)
            let (second, _) = try await begin("stuck too", edge, host)

            await first.close()
            await second.close()

            await poolIsEmpty(edge)
            #expect(await recordedOutcomes(edge, count: 2) == [.cancelled, .cancelled])
        }
    }

    @Test func `a client that leaves keeps nobody waiting for its instance`() async throws {
        try await withEdge(.having(\.cancelGraceMillis, 0)) { edge in
            let host = try edge.deploy()
            let (leaving, stuck) = try await begin("stuck", edge, host)
            let (staying, other) = try await begin("other", edge, host)
            await leaving.close()
            await sweep(edge)

            let third = try await edge.connect()
            try await third.post("third")
            await sweep(edge)

            let next = await host.next()
            #expect(next.body == "third")
            #expect(host.instances.count == 1)
            next.answer("")
            #expect(try await third.answer().status == 200)
            stuck.fail(.cancelled)
            other.answer("")
            #expect(try await staying.answer().status == 200)
            try await edge.settle()
            #expect(edge.dispatcher.route("echo")?.pool.snapshot.idle == 1)
        }
    }

    /// A client whose request has reached its instance.
    private func begin(
        _ body: String,
        _ edge: Edge,
        _ host: ScriptedHost
    ) async throws -> (ClientConnection, ScriptedInvocation) {
        let connection = try await edge.connect()
        try await connection.post(body)
        return (connection, await host.next())
    }

    /// Has deadlines looked at, more than once.
    private func sweep(_ edge: Edge) async {
        for _ in 0..<2 { await edge.loops[0].advanceTime(by: .milliseconds(20)) }
    }
}
