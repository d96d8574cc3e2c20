import Billing
import Functions
import Glibc
import Storage
import Testing

@Suite struct LedgerFailureTests {
    let folder: TemporaryFolder
    let deliveries = Deliveries()

    init() throws { folder = try TemporaryFolder() }

    @Test func `a batch waits for a lock that another process gives up in time`() async throws {
        let ledger = try Ledger(path: folder("billing.sqlite"))
        var settings = LedgerWriterSettings()
        settings.retryMillisMax = 60_000
        let writer = try LedgerWriter(ledger, settings: settings, deliver: deliveries.deliver)

        let lock = try ForeignLock(path: ledger.path)
        #expect(writer.append(makeRecord(), 1))
        writer.flush()
        try lock.release()

        let delivery = await deliveries.next()
        #expect(delivery?.tokens == [1])
        #expect(delivery?.error == nil)
        #expect(try await ledger.all().count == 1)
        writer.close()
    }

    @Test func `a batch fails once it was tried for long enough, and later ones are written`()
        async throws
    {
        let ledger = try Ledger(path: folder("billing.sqlite"))
        var settings = LedgerWriterSettings()
        settings.retryMillisMax = 20
        settings.retryPauseMillis = 1
        let writer = try LedgerWriter(ledger, settings: settings, deliver: deliveries.deliver)

        let lock = try ForeignLock(path: ledger.path)
        for token in 1...2 {
            #expect(writer.append(makeRecord(), token))
            writer.flush()
            let delivery = await deliveries.next()
            #expect(delivery?.tokens == [token])
            #expect(delivery?.error?.code == .busy)
        }
        try lock.release()
        #expect(writer.append(makeRecord(), 3))
        writer.flush()

        let delivery = await deliveries.next()
        #expect(delivery?.tokens == [3])
        #expect(delivery?.error == nil)
        writer.close()
        #expect(try await ledger.all().count == 1)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a file system needs root"))
    func `nothing is acknowledged on a full disk, and the writer recovers when there is room`()
        async throws
    {
        let disk = try SmallDisk(at: folder("disk"), bytes: 2 << 20)
        defer { disk.unmount() }
        let ledger = try Ledger(path: disk.path + "/billing.sqlite")
        var settings = LedgerWriterSettings()
        settings.retryMillisMax = 20
        let writer = try LedgerWriter(ledger, settings: settings, deliver: deliveries.deliver)
        var acknowledged = 0
        var delivery: Deliveries.Delivery?

        try disk.fill()
        repeat {
            for token in 0..<100 { #expect(writer.append(makeRecord(), token)) }
            writer.flush()
            delivery = await deliveries.next()
            if delivery?.error == nil { acknowledged += 100 }
        } while delivery?.error == nil && acknowledged < 100_000
        #expect(delivery?.error?.code == .diskFull)
        #expect(try await ledger.all().count == acknowledged)

        disk.makeRoom()
        #expect(writer.append(makeRecord(), 7))
        writer.flush()
        delivery = await deliveries.next()
        #expect(delivery?.tokens == [7])
        #expect(delivery?.error == nil)
        #expect(try await ledger.all().count == acknowledged + 1)
        writer.close()
        try ledger.close()
    }

    @Test func `closing gives up at once what the disk refuses`() async throws {
        let ledger = try Ledger(path: folder("billing.sqlite"))
        var settings = LedgerWriterSettings()
        settings.retryMillisMax = 3_600_000
        settings.retryPauseMillis = 3_600_000
        let writer = try LedgerWriter(ledger, settings: settings, deliver: deliveries.deliver)
        let lock = try ForeignLock(path: ledger.path)

        #expect(writer.append(makeRecord(), 1))
        writer.flush()
        writer.close()

        #expect(await deliveries.rest().map(\.error?.code) == [.busy])
        try lock.release()
    }

    @Test func `a file that is no database is refused with its path`() throws {
        let path = folder("billing.sqlite")
        let file = open(path, O_CREAT | O_WRONLY, 0o644)
        let text = Array(String(repeating: "not a database\n", count: 100).utf8)
        #expect(write(file, text, text.count) == text.count)
        close(file)

        let error = #expect(throws: StorageError.self) { try Ledger(path: path) }

        #expect(error?.code == .corrupt)
        #expect(error?.message.contains(path) == true)
    }
}
