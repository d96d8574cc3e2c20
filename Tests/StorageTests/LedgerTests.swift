import Billing
import Functions
import GRDB
import Storage
import TestSupport
import Testing

@Suite struct LedgerTests {
    let folder: TemporaryFolder
    let ledger: Ledger

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger(path: folder("billing.sqlite"))
    }

    @Test(arguments: [
        Trigger.http, .async, .probe, .queue("orders"), .schedule("every:night"),
    ])
    func `a record is read back as it was written`(trigger: Trigger) async throws {
        var record = makeRecord(trigger: trigger)
        record.costNanos = 42
        record.billedMillis = 43
        record.gpuMemoryMiB = 4096

        try ledger.write([record])

        #expect(try await ledger.records(of: record.id) == [record])
    }

    @Test func `names that change from row to row are written each to its own`() async throws {
        let long = String(repeating: "very-long-account-", count: 20)
        let records = (0..<60).map { number in
            makeRecord(
                at: Int64(number),
                function: "f\(number / 2)",
                number: number,
                account: number % 11 == 3 ? long : "a",
                trigger: number % 7 == 4 ? .http : .queue("q\(number % 2)")
            )
        }

        try ledger.write(records)

        #expect(try await ledger.all() == records)
    }

    @Test func `of a batch of any size exactly those are missing that are refused`() async throws {
        var random = SeededGenerator(seed: 17)
        let connection = try ledger.connect()
        var written: [UsageRecord] = []

        for size in 0..<60 {
            let refused = (0..<size).filter { _ in Int.random(in: 0..<12, using: &random) == 0 }
            let records = (0..<size).map { place in
                let number = Int64(size * 100 + place)
                return makeRecord(at: number, runMicros: refused.contains(place) ? -1 : number)
            }
            #expect(try connection.commit(records).map(\.place) == refused, "of \(size)")
            written += records.filter { $0.runMicros >= 0 }
        }

        #expect(try await ledger.all() == written)
    }

    @Test func `the columns are those of the contract, in text and integers`() throws {
        let columns = try query { try Row.fetchAll($0, sql: "PRAGMA table_info(usageRecord)") }

        let texts = [
            "id", "function", "revision", "account", "trigger", "startKind", "outcome",
        ]
        let integers = [
            "acceptedAt", "queueMicros", "startMicros", "runMicros", "billedMillis", "memoryMiB",
            "gpuMemoryMiB", "bytesIn", "bytesOut", "attempt", "costNanos",
        ]
        #expect(columns.map { $0["name"] as String } == texts + integers)
        #expect(columns.prefix(7).allSatisfy { $0["type"] == "TEXT" })
        #expect(columns.dropFirst(7).allSatisfy { $0["type"] == "INTEGER" })
        #expect(columns.allSatisfy { $0["notnull"] == 1 })
        #expect(try query { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
    }

    @Test(arguments: [
        "UPDATE usageRecord SET costNanos = 0", "DELETE FROM usageRecord",
        "INSERT INTO usageRecord SELECT * FROM usageRecord",
    ])
    func `the schema keeps records from being changed`(sql: String) async throws {
        try ledger.write([makeRecord()])

        let error = #expect(throws: DatabaseError.self) {
            try query { try $0.execute(sql: sql) }
        }

        #expect(error?.resultCode == .SQLITE_CONSTRAINT)
    }

    @Test(arguments: [
        "'short' AS id", "'' AS function", "NULL AS revision", "'push' AS \"trigger\"",
        "'queue:' AS \"trigger\"", "'hot' AS startKind", "'rejected' AS outcome",
        "-1 AS runMicros", "0 AS attempt", "-1 AS costNanos", "'many' AS bytesIn",
    ])
    func `the schema refuses a value that the contract does not allow`(change: String) throws {
        try ledger.write([makeRecord()])
        let columns = try query { try Row.fetchAll($0, sql: "PRAGMA table_info(usageRecord)") }
        let changed = change.split(separator: " ").last.map(String.init) ?? ""
        let values = columns.map { "\"\($0["name"] as String)\"" }.map { name in
            name.contains(changed.filter { $0 != "\"" })
                ? change : name == "\"attempt\"" ? "2" : name
        }

        #expect(throws: DatabaseError.self) {
            try query {
                try $0.execute(
                    sql: "INSERT INTO usageRecord SELECT \(values.joined(separator: ", "))"
                        + " FROM usageRecord"
                )
            }
        }
    }

    @Test func `a reader that takes its time holds up no commit`() async throws {
        try ledger.write([makeRecord()])
        let reader = try DatabaseQueue(path: ledger.path)

        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN; SELECT count(*) FROM usageRecord")
            try ledger.write([makeRecord()])
            try database.execute(sql: "COMMIT")
        }

        #expect(try await ledger.all().count == 2)
    }

    @Test func `pages follow each other without a gap or a repetition`() async throws {
        let first = makeRecord(at: 5)
        let records =
            [first, first.retried(attempt: 2), first.retried(attempt: 3)]
            + (6..<10).map { makeRecord(at: $0) }
        try ledger.write(records)
        var read: [UsageRecord] = []
        var sizes: [Int] = []

        var next: Ledger.Place?
        repeat {
            let page = try await ledger.records(LedgerQuery(), after: next, limit: 2)
            read += page.records
            sizes.append(page.records.count)
            next = page.next
        } while next != nil

        #expect(read == records)
        #expect(sizes == [2, 2, 2, 1])
    }

    @Test func `a ledger is opened again with what it held`() async throws {
        let record = makeRecord()
        try ledger.write([record])
        try ledger.close()

        let again = try Ledger(path: ledger.path)

        #expect(try await again.all() == [record])
    }

    private func query<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try DatabaseQueue(path: ledger.path).inDatabase(body)
    }
}
