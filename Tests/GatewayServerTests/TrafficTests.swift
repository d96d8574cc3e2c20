import Functions
import GatewayAPI
import GatewayServer
import Pooling
import Testing

/// Which revision an invocation takes.
@Suite struct TrafficTests {
    @Test(
        arguments: [
            ("X-Revision: 2", "2"), ("Cookie: a=b; X-Revision=2", "2"), ("X-Revision: 1", "1"),
            ("Cookie: X-Revision=9", "1"), ("Cookie: X-Revision=two", "1"), ("A: b", "1"),
        ]
    )
    func `a request takes the revision that it names`(field: String, answer: String) async throws {
        try await withEdge { edge in
            try divide(edge, shares: [(1, 100), (2, 0)])
            let connection = try await edge.connect()

            try await connection.send(request(field))

            let found = try await connection.answer()
            #expect(found.body == answer)
            #expect(found["x-revision"] == answer)
        }
    }

    @Test func `a request for a revision without traffic is told which have it`() async throws {
        try await withEdge { edge in
            try divide(edge, shares: [(1, 50), (2, 50)])
            let connection = try await edge.connect()

            try await connection.send(request("X-Revision: 3"))

            let found = try await connection.answer()
            let problem = try found.problem()
            #expect(found.status == 404)
            #expect(problem.code == ProblemCode.revisionNotFound.rawValue)
            #expect(problem.detail?.contains("2, 1") == true)
        }
    }

    @Test func `a key stays with its revision`() async throws {
        try await withEdge { edge in
            try divide(edge, shares: [(1, 50), (2, 50)])
            let connection = try await edge.connect()
            var byKey: [Int: Set<String>] = [:]

            for round in 0..<60 {
                let key = round % 20
                try await connection.send(request("X-Sticky-Key: user-\(key)"))
                byKey[key, default: []].insert(try await connection.answer().body)
            }

            #expect(byKey.values.allSatisfy { $0.count == 1 })
            #expect(Set(byKey.values.flatMap { $0 }) == ["1", "2"])
        }
    }

    @Test func `a request whose pool was replaced meanwhile is served by the next`() async throws {
        try await withEdge { edge in
            let (old, _) = try edge.makeRoute(number: 1) { $0.answer("1") }
            let (new, _) = try edge.makeRoute(number: 2) { $0.answer("2") }
            edge.dispatcher.setSplit(TrafficSplit(old), for: old.revision.function)
            let connection = try await edge.connect()
            try await connection.send(
                "POST /function/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{"
            )

            edge.dispatcher.setSplit(TrafficSplit(new), for: new.revision.function)
            await old.pool.drain()
            try await connection.send("}")

            let found = try await connection.answer()
            #expect(found.status == 200)
            #expect(found.body == "2")
        }
    }

    private func divide(_ edge: Edge, shares: [(number: Int, percent: Int)]) throws {
        let routes = try shares.map { share in
            try edge.makeRoute(number: share.number) { $0.answer("\(share.number)") }.0
        }
        let traffic = try #require(
            Traffic(
                parts: shares.map {
                    Traffic.Part(number: $0.number, share: Share(percent: $0.percent))
                }
            )
        )
        let ordered = routes.sorted { $0.revision.number > $1.revision.number }
        edge.dispatcher.setSplit(
            TrafficSplit(traffic, routes: ordered),
            for: ordered[0].revision.function
        )
    }

    private func request(_ field: String) -> String {
        "POST /function/echo HTTP/1.1\r\nHost: a\r\n\(field)\r\nContent-Length: 2\r\n\r\n{}"
    }
}
