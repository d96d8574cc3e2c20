import Functions
import GatewayServer
import Instances
import NIOCore
import NIOEmbedded
import Pooling
import RuntimeProtocol
import Testing

/// Handlers that are asked to give way, and who else is on their instance.
@Suite struct GraceTests {
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
}
