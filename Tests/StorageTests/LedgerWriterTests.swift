import Billing
import Functions
import GRDB
import Glibc
import Storage
import Synchronization
import Testing

@Suite struct LedgerWriterTests {
    let folder: TemporaryFolder
    let ledger: Ledger
    let deliveries = Deliveries()

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger(path: folder("billing.sqlite"))
    }

    @Test func `what was appended before a flush is durable when it is delivered`() async throws {
        let committed = Mutex<[Int]>([])
        let path = ledger.path
        let writer = try LedgerWriter<Int>(ledger) { tokens, _ in
            let rows = try? DatabaseQueue(path: path).read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM usageRecord")
            }
            committed.withLock { $0 += [tokens.count, rows ?? -1] }
        }

        for token in 0..<10 { #expect(writer.append(makeRecord(), token)) }
        writer.flush()

        writer.close()
        #expect(committed.withLock { $0 } == [10, 10])
    }

    @Test func `a flush commits on the caller's thread while nothing hinders it`() async throws {
        let commits = Mutex<[LedgerCommit]>([])
        let writer = try LedgerWriter(
            ledger,
            deliver: deliveries.deliver,
            observe: { commit in commits.withLock { $0.append(commit) } }
        )

        for token in 0..<3 {
            #expect(writer.append(makeRecord(), token))
            writer.flush()
        }

        #expect(commits.withLock { $0.map(\.rows) } == [1, 1, 1])
        #expect(commits.withLock { $0.first?.place } == .caller)
        writer.close()
    }

    @Test func `with full synchronisation the ledger's thread commits`() async throws {
        var settings = Ledger.Settings()
        settings.synchronous = .full
        let commits = Mutex<[LedgerCommit]>([])
        let full = try Ledger(path: folder("full.sqlite"), settings: settings)
        let writer = try LedgerWriter(
            full,
            deliver: deliveries.deliver,
            observe: { commit in commits.withLock { $0.append(commit) } }
        )

        #expect(writer.append(makeRecord(), 7))
        writer.flush()

        #expect(await deliveries.next()?.tokens == [7])
        #expect(commits.withLock { $0.map(\.place) } == [.thread])
        writer.close()
    }

    @Test func `a refused record fails alone and its neighbours are written`() async throws {
        let writer = try LedgerWriter(ledger, deliver: deliveries.deliver)
        var impossible = makeRecord()
        impossible.queueMicros = -1
        let twice = makeRecord()

        let records = [makeRecord(), impossible, twice, twice, makeRecord(outcome: .rejected)]
        for (token, record) in records.enumerated() { #expect(writer.append(record, token)) }
        writer.flush()

        writer.close()
        let delivered = await deliveries.rest()
        #expect(delivered.map(\.tokens) == [[0, 2], [1], [3], [4]])
        #expect(delivered.map(\.error?.code) == [nil, .refused, .refused, .refused])
        let written = try await ledger.all()
        #expect(written.count == 2)
    }

    @Test func `no more records are taken than may wait`() async throws {
        var settings = LedgerWriterSettings()
        settings.pendingMax = 2
        let writer = try LedgerWriter(ledger, settings: settings, deliver: deliveries.deliver)

        let taken = (0..<3).map { writer.append(makeRecord(), $0) }
        writer.flush()
        let afterFlush = writer.append(makeRecord(), 4)

        #expect(taken == [true, true, false])
        #expect(afterFlush)
        writer.close()
    }

    @Test func `closing writes what waits and takes nothing more`() async throws {
        let writer = try LedgerWriter(ledger, deliver: deliveries.deliver)
        #expect(writer.append(makeRecord(), 1))

        writer.close()

        #expect(!writer.append(makeRecord(), 2))
        #expect(await deliveries.rest().map(\.tokens) == [[1]])
        let written = try await ledger.all()
        #expect(written.count == 1)
    }

    @Test func `a delivery may append and flush`() async throws {
        let chain = Chain(length: 100)
        let writer = try LedgerWriter<Int>(ledger, deliver: { _, _ in chain.step() })
        chain.start(writer)
        // A slow disk leaves the rest to the ledger's thread, which a close would cut short.
        await chain.ended()

        writer.close()

        let written = try await ledger.all()
        #expect(written.count == 100)
    }

    @Test func `every record of many threads is delivered once and is in the ledger once`()
        async throws
    {
        let counts = Mutex<[Int: Int]>([:])
        let writer = try LedgerWriter<Int>(ledger) { tokens, result in
            guard case .success = result else { return }
            counts.withLock { counts in for token in tokens { counts[token, default: 0] += 1 } }
        }

        await withTaskGroup { group in
            for thread in 0..<4 {
                group.addTask {
                    for number in 0..<2_000 {
                        _ = writer.append(makeRecord(), thread * 2_000 + number)
                        if number % (thread + 1) == 0 { writer.flush() }
                    }
                    writer.flush()
                }
            }
        }
        writer.close()

        #expect(counts.withLock { $0.count } == 8_000)
        #expect(counts.withLock { $0.values.allSatisfy { $0 == 1 } })
        #expect(try await ledger.all().count == 8_000)
    }

    @Test func `a long log is moved into the file while records are written`() async throws {
        var settings = LedgerWriterSettings()
        settings.logPagesMax = 20
        let writer = try LedgerWriter(ledger, settings: settings, deliver: deliveries.deliver)
        let before = try fileBytes(ledger.path)

        var flushes = 0
        while try fileBytes(ledger.path) == before, flushes < 1_000_000 {
            #expect(writer.append(makeRecord(), flushes))
            writer.flush()
            flushes += 1
        }

        writer.close()
        #expect(flushes >= 10)
        #expect(flushes < 1_000_000)
    }

    private func fileBytes(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw TemporaryFolder.Failure(what: "stat") }
        return Int(status.st_size)
    }

    /// Appends a record for each delivery until it is long enough.
    private final class Chain: Sendable {
        private let state: Mutex<(left: Int, writer: LedgerWriter<Int>?)>
        private let ends: AsyncStream<Void>
        private let end: AsyncStream<Void>.Continuation

        init(length: Int) {
            state = Mutex((length, nil))
            (ends, end) = AsyncStream.makeStream()
        }

        func ended() async { for await _ in ends { return } }

        func start(_ writer: LedgerWriter<Int>) {
            state.withLock { $0.writer = writer }
            step()
        }

        func step() {
            let writer = state.withLock { state -> LedgerWriter<Int>? in
                state.left -= 1
                return state.left >= 0 ? state.writer : nil
            }
            guard let writer else { return end.finish() }
            _ = writer.append(makeRecord(), 0)
            writer.flush()
        }
    }
}
