import Functions
import Instances
import Logging
import Pooling
import Scheduling
import Synchronization
import Testing

/// A zygote that ends by itself, at each point of an instance's start.
@Suite(.timeLimit(.minutes(1))) struct ZygoteEndTests {
    @Test func `a start that waited for memory is not forked from another zygote than its own`()
        async throws
    {
        let host = GatedHost()
        let pool = try host.makePool()
        async let lease = pool.lease()
        let first = try await host.sandboxes.next()
        let late = try await host.wishes.next()
        first.die()
        let second = try await host.sandboxes.next()
        let wish = try await host.wishes.next()

        late.grant()

        #expect(try await host.released.next() == late.id)
        wish.grant()
        let leased = try await lease
        #expect(leased.id == wish.id)
        #expect(second.forked == [wish.id.rawValue])
        #expect(pool.snapshot.instances == 1)
    }

    @Test func `a fork of a zygote that is ending waits for another one`() async throws {
        let host = GatedHost()
        let pool = try host.makePool()
        async let lease = pool.lease()
        let first = try await host.sandboxes.next()
        first.set(.isEnding)
        let lost = try await host.wishes.next()
        lost.grant()
        #expect(try await host.released.next() == lost.id)

        first.die()

        let second = try await host.sandboxes.next()
        let wish = try await host.wishes.next()
        wish.grant()
        let leased = try await lease
        #expect(leased.id == wish.id)
        #expect(second.forked == [wish.id.rawValue])
    }

    @Test func `a start that nobody wants any more is given up at once`() async throws {
        let host = GatedHost()
        let pool = try host.makePool()
        pool.prewarm(1)
        let sandbox = try await host.sandboxes.next()
        sandbox.set(.stalls)
        let wish = try await host.wishes.next()
        wish.grant()

        await pool.drain()

        #expect(try await host.released.next() == wish.id)
        #expect(sandbox.forked == [])
    }

    @Test func `a zygote that ends by itself is in the gateway's log, one that is closed is not`()
        async throws
    {
        let log = LogKeeper()
        let driver = ScriptedDriver()
        let scheduler = Scheduler(
            driver: driver,
            gpus: nil,
            limits: Scheduler.Limits(memoryMiB: 1 << 20),
            logger: Logger(label: "node") { _ in log.handler },
            clock: { 0 },
            plan: { revision in
                SandboxPlan(revision: revision, bundle: "", layers: [], loadMillisMax: 1_000)
            }
        )
        let revision = try GatedHost().makePool().revision
        let pool = scheduler.makePool(for: revision, forks: true)
        pool.release(try await pool.lease())

        driver.sandboxes.first?.die()

        #expect(log.lines == ["warning: zygote ended by itself: gated-1: signal 9 ended it"])
        _ = try await pool.lease()
        await driver.sandboxes.last?.close()
        #expect(log.lines.count == 1)
    }
}

private final class LogKeeper: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    var handler: any LogHandler { Handler { line in self.kept.withLock { $0.append(line) } } }

    private struct Handler: LogHandler {
        let keep: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(keep: @escaping @Sendable (String) -> Void) { self.keep = keep }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let told = ["revision", "reason"].map { "\(event.metadata?[$0] ?? "")" }
            keep("\(event.level): \(event.message): \(told.joined(separator: ": "))")
        }
    }
}
