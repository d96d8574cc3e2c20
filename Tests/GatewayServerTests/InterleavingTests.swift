import Billing
import Functions
import GatewayServer
import Instances
import NIOCore
import RuntimeProtocol
import Synchronization
import TestSupport
import Testing

/// Many clients at once, whose bytes and whose handlers' answers come in any order.
@Suite struct InterleavingTests {
    @Test func `in any order, each client gets its answers and each invocation one record`()
        async throws
    {
        for seed in 0..<300 {
            try await withEdge(loopCount: 2) { edge in
                var run = try await RandomRun(edge, seed: UInt64(seed))
                try await run.play()
                try await run.finish()
            }
        }
    }
}

/// A request, and the answer that it must get.
private struct Exchange {
    enum Kind: String, CaseIterable {
        case whole
        case streamed
        case failing
        case missing
        case method
        case passed
    }

    let kind: Kind
    let text: String

    var bytes: String {
        switch kind {
        case .whole, .streamed, .failing: ClientConnection.request("\(kind) \(text)")
        case .missing: ClientConnection.request(text, to: "/function/none")
        case .method: ClientConnection.request(text, method: "PUT")
        case .passed: ClientConnection.request(text, to: "/v1/\(text)", method: "PUT")
        }
    }

    func check(_ answer: HTTPAnswer, seed: UInt64) {
        let expected: (status: Int, body: String?) =
            switch kind {
            case .whole, .streamed: (200, "\(kind) \(text)")
            case .failing: (500, nil)
            case .missing: (404, nil)
            case .method: (405, nil)
            case .passed: (200, "passed /v1/\(text) \(text.utf8.count)")
            }
        #expect(answer.status == expected.status, "seed \(seed)")
        if let body = expected.body { #expect(answer.body == body, "seed \(seed)") }
        if kind == .failing { #expect(answer.body.contains(text), "seed \(seed)") }
        #expect((answer.chunks != nil) == (kind == .streamed), "seed \(seed)")
    }
}

private struct RandomRun {
    private struct Client {
        let connection: ClientConnection
        let exchanges: [Exchange]
        /// What has not been sent yet.
        var unsent: ByteBuffer
        var hasLeft = false
    }

    /// Invocations that have reached the instance.
    private final class Arrivals: Sendable {
        struct Mutable {
            var held: [ScriptedInvocation] = []
            var ids: [InvocationID] = []
            /// From now on each is answered at once.
            var isEnding = false
        }

        let mutable = Mutex(Mutable())

        /// False when it is to be answered at once.
        func hold(_ invocation: ScriptedInvocation) -> Bool {
            mutable.withLock { value in
                if let id = invocation.id { value.ids.append(id) }
                guard !value.isEnding else { return false }
                value.held.append(invocation)
                return true
            }
        }
    }

    private let edge: Edge
    private let seed: UInt64
    private let host: ScriptedHost
    private let arrivals = Arrivals()
    private var generator: SeededGenerator
    private var clients: [Client] = []

    init(_ edge: Edge, seed: UInt64) async throws {
        self.edge = edge
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        let concurrency = [1, 2, 16].randomElement(using: &generator) ?? 1
        host = try edge.deployHeld { $0.scale.concurrency = concurrency }
        host.setReply { [arrivals] invocation in
            if !arrivals.hold(invocation) { Self.reply(to: invocation) }
        }
        for number in 0..<Int.random(in: 1...4, using: &generator) {
            let exchanges = (0..<Int.random(in: 1...8, using: &generator)).map { index in
                let kinds = Exchange.Kind.allCases
                let kind = kinds[Int.random(in: kinds.indices, using: &generator)]
                return Exchange(kind: kind, text: "\(seed)-\(number)-\(index)")
            }
            clients.append(
                Client(
                    connection: try await edge.connect(loop: number % 2),
                    exchanges: exchanges,
                    unsent: ByteBuffer(string: exchanges.map(\.bytes).joined())
                )
            )
        }
    }

    /// Sends, answers and leaves at random until everything is sent.
    mutating func play() async throws {
        while clients.contains(where: { !$0.hasLeft && $0.unsent.readableBytes > 0 }) {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<10: try await send()
            case 10..<19: answerOne()
            default: await leave()
            }
        }
    }

    private mutating func send() async throws {
        let index = Int.random(in: clients.indices, using: &generator)
        guard !clients[index].hasLeft, clients[index].unsent.readableBytes > 0 else { return }
        let largest = min(clients[index].unsent.readableBytes, 400)
        let count = Int.random(in: 1...largest, using: &generator)
        guard let piece = clients[index].unsent.readSlice(length: count) else { return }
        try await clients[index].connection.send(piece)
    }

    private mutating func answerOne() {
        let count = arrivals.mutable.withLock { $0.held.count }
        guard count > 0 else { return }
        let index = Int.random(in: 0..<count, using: &generator)
        Self.reply(to: arrivals.mutable.withLock { $0.held.remove(at: index) })
    }

    private mutating func leave() async {
        // One client stays in any case.
        guard Int.random(in: 0..<4, using: &generator) == 0 else { return }
        let index = Int.random(in: clients.indices, using: &generator)
        guard index > 0, !clients[index].hasLeft else { return }
        clients[index].hasLeft = true
        await clients[index].connection.close()
    }

    private static func reply(to invocation: ScriptedInvocation) {
        let text = invocation.body
        if text.hasPrefix("failing") {
            invocation.fail(.handlerRaised, text)
        } else if text.hasPrefix("streamed") {
            invocation.begin(String(text.prefix(3)))
            invocation.goOn(String(text.dropFirst(3)))
            invocation.answer("")
        } else {
            invocation.answer(text)
        }
    }

    /// Lets everything come to its end and looks at it.
    mutating func finish() async throws {
        let held = arrivals.mutable.withLock { value in
            value.isEnding = true
            defer { value.held = [] }
            return value.held
        }
        for invocation in held { Self.reply(to: invocation) }
        for client in clients where !client.hasLeft {
            for exchange in client.exchanges {
                exchange.check(try await client.connection.answer(), seed: seed)
            }
            #expect(client.connection.isOpen, "seed \(seed)")
        }
        // Those whose clients have left come to their end by themselves.
        try await edge.settle()
        let ids = arrivals.mutable.withLock { $0.ids }
        _ = await recordedOutcomes(edge, count: ids.count)
        let records = try await edge.records()
        #expect(records.map(\.id) == ids.sorted(), "seed \(seed)")
    }
}
