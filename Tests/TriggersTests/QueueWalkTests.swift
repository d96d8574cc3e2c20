import Billing
import Functions
import Storage
import TestSupport
import Testing
import Triggers

/// Random sends, ends, purges, redrives, restarts and crashes, against what must hold.
@Suite(.timeLimit(.minutes(2))) struct QueueWalkTests {
    @Test(arguments: 0..<6)
    func `each message is done once or is one dead letter, whatever happens`(
        seed: Int
    ) async throws {
        var walk = try EngineWalk(seed: UInt64(seed))
        try await walk.bind()
        for _ in 0..<250 { try await walk.step() }
        try await walk.finish()
    }
}

private struct EngineWalk {
    static let attempts = 4
    var random: SeededGenerator
    var node: QueueNode
    /// Messages that were acknowledged to the sender and not removed since.
    var sent: Set<InvocationID> = []
    /// Messages of which the ledger has a completed record.
    var done: Set<InvocationID> = []
    var groups: [String: [InvocationID]] = [:]

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        node = try QueueNode()
    }

    func bind() async throws {
        try await node.bindQueue(
            capacity: 6,
            attempts: Self.attempts,
            backoff: Backoff(firstMillis: 1, lastMillis: 3)
        )
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: try await send()
        case 30..<85: try await end()
        case 85..<90: try await restart(byCrash: false)
        case 90..<95: try await restart(byCrash: true)
        case 95..<98: _ = try await node.engine.redrive("in")
        default: try await purge()
        }
    }

    mutating func send() async throws {
        let group = ["a", "b", nil, nil].randomElement(using: &random) ?? nil
        let count = Int.random(in: 1...8, using: &random)
        let ids = try await node.send((0..<count).map { _ in node.order(group: group) })
        sent.formUnion(ids)
        if let group { groups[group, default: []] += ids }
    }

    mutating func end() async throws {
        try await node.settle()
        let flying = node.invoker.underWay.sorted { $0.id < $1.id }
        #expect(flying.count <= 6)
        #expect(Set(flying.map(\.id)).isDisjoint(with: done), "a message is done and begun again")
        for ids in groups.values {
            #expect(flying.filter { ids.contains($0.id) }.count <= 1, "a group is under way twice")
        }
        guard let invocation = flying.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: node.invoker.end(invocation, .failed)
        case 3: node.invoker.end(invocation, .hopeless("inputInvalid"))
        case 4: node.invoker.end(invocation, .notAttempted)
        case 5:
            // The record is written; a crash may come before the engine hears of it.
            node.invoker.write(invocation, .completed)
            done.insert(invocation.id)
            if Bool.random(using: &random) {
                try await restart(byCrash: true)
            } else {
                node.invoker.tell(invocation, .done)
            }
        default:
            node.invoker.end(invocation, .done)
            done.insert(invocation.id)
        }
    }

    mutating func restart(byCrash: Bool) async throws {
        if byCrash {
            let next = try node.crashed()
            node.close()
            node = next
        } else {
            node = try node.restarted()
        }
        try await bind()
    }

    mutating func purge() async throws {
        _ = try await node.engine.purge("in", dead: Bool.random(using: &random))
        try await forget()
    }

    /// What a purge removed is not waited for.
    mutating func forget() async throws {
        for id in sent where try await node.fate(id) == "none" { sent.remove(id) }
    }

    mutating func finish() async throws {
        try await node.settle()
        node.invoker.follow { _ in .done }
        for invocation in node.invoker.underWay { node.invoker.end(invocation, .done) }
        for id in sent { try await node.end(id) }
        _ = try await node.engine.redrive("in")
        for id in sent { try await node.end(id) }
        for id in sent {
            #expect(try await node.fate(id) == "none")
            let records = try await node.ledger.records(of: id)
            #expect(records.filter { $0.outcome == .completed }.count == 1)
            #expect(Set(records.map(\.attempt)).count == records.count)
        }
        let status = try await node.status()
        #expect(status.ready == 0)
        #expect(status.delayed == 0)
        #expect(status.inFlight == 0)
        #expect(status.dead == 0)
    }
}
