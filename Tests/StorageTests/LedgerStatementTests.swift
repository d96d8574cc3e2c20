import Billing
import Functions
import GRDB
import Storage
import Testing

@Suite struct LedgerStatementTests {
    let folder: TemporaryFolder
    let ledger: Ledger

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger(path: folder("billing.sqlite"))
    }

    @Test func `a statement adds up what each function used`() async throws {
        try ledger.write([
            makeRecord(runMicros: 1_500), makeRecord(outcome: .failed, runMicros: 2_000),
            makeRecord(function: "embed", outcome: .timedOut),
            makeRecord(function: "embed", outcome: .cancelled),
        ])

        let statement = try await ledger.usage(LedgerQuery(), by: .function)

        #expect(statement.rows.map(\.key) == ["echo", "embed"])
        let echo = try #require(statement.rows.first)
        #expect(echo.invocations == 2)
        #expect(echo.attempts == 2)
        #expect(echo.completed == 1)
        #expect(echo.failed == 1)
        #expect(echo.billedMillis == 4)
        #expect(echo.memoryMiBMillis == 2_048)
        #expect(echo.costNanos == 2 * (100 + 1_000))
        #expect(echo.bytesIn == 20)
        #expect(echo.bytesOut == 40)
        #expect(statement.total.timedOut == 1)
        #expect(statement.total.cancelled == 1)
    }

    @Test func `an invocation that was tried again counts once, and pays for each attempt`()
        async throws
    {
        let retried = makeRecord(outcome: .failed)
        // Its first attempt was rejected, and so has no row.
        let late = makeRecord().retried(attempt: 2)
        try ledger.write([
            retried, retried.retried(attempt: 2), retried.retried(attempt: 3), late,
        ])

        let total = try await ledger.usage(LedgerQuery(), by: .account).total

        #expect(total.invocations == 2)
        #expect(total.attempts == 4)
        #expect(total.costNanos == 4 * (100 + 1_000))
    }

    @Test func `revisions are listed by their numbers`() async throws {
        try ledger.write([
            makeRecord(number: 10), makeRecord(number: 9), makeRecord(function: "a-2", number: 1),
        ])

        let statement = try await ledger.usage(LedgerQuery(), by: .revision)

        #expect(statement.rows.map(\.key) == ["a-2-1", "echo-9", "echo-10"])
    }

    @Test func `days are those of UTC`() async throws {
        try ledger.write([
            makeRecord(at: 0), makeRecord(at: 86_399_999_999), makeRecord(at: 86_400_000_000),
        ])

        let statement = try await ledger.usage(LedgerQuery(), by: .day)

        #expect(statement.rows.map(\.key) == ["2026-01-30", "2026-01-31"])
        #expect(statement.rows.map(\.invocations) == [2, 1])
    }

    @Test func `a range holds its first microsecond and not its last`() async throws {
        try ledger.write((0..<10).map { makeRecord(at: $0) })

        let query = LedgerQuery(fromMicros: day + 3, toMicros: day + 7)
        let statement = try await ledger.usage(query, by: .account)
        let page = try await ledger.records(query)

        #expect(statement.total.invocations == 4)
        #expect(page.records.map { $0.acceptedAtMicros - day } == [3, 4, 5, 6])
    }

    @Test func `a retry after the range belongs to its invocation's range`() async throws {
        let record = makeRecord(at: 3)
        try ledger.write([record, record.retried(attempt: 2, laterMicros: 1_000)])

        let query = LedgerQuery(fromMicros: day, toMicros: day + 7)

        #expect(try await ledger.usage(query, by: .function).total.attempts == 2)
    }

    @Test func `a statement can be had for one account and one function`() async throws {
        try ledger.write([
            makeRecord(account: "a"), makeRecord(function: "embed", account: "a"),
            makeRecord(account: "b"),
        ])

        let ofAccount = try await ledger.usage(LedgerQuery(account: "a"), by: .function)
        let ofBoth = try await ledger.usage(
            LedgerQuery(account: "a", function: "embed"),
            by: .function
        )

        #expect(ofAccount.rows.map(\.key) == ["echo", "embed"])
        #expect(ofBoth.rows.map(\.key) == ["embed"])
    }

    @Test func `costs are exact up to what 64 bits hold, and stay there`() async throws {
        func cost(_ function: String, _ nanos: Int64) -> UsageRecord {
            var record = makeRecord(function: function)
            record.costNanos = nanos
            return record
        }
        try ledger.write([
            cost("dear", .max), cost("dear", .max), cost("even", .max - 7), cost("even", 7),
        ])

        let statement = try await ledger.usage(LedgerQuery(), by: .function)

        #expect(statement.rows.map(\.costNanos) == [.max, .max])
        try ledger.write([cost("near", 1 << 62), cost("near", (1 << 62) - 3)])
        let near = try await ledger.usage(LedgerQuery(function: "near"), by: .function)
        #expect(near.total.costNanos == .max - 2)
    }

    @Test func `a statement of nothing has no rows`() async throws {
        #expect(try await ledger.usage(LedgerQuery(), by: .day).rows.isEmpty)
    }

    @Test(arguments: UsageStatement.Grouping.allCases)
    func `a range of time is a range of the primary key`(
        grouping: UsageStatement.Grouping
    ) async throws {
        try ledger.write([makeRecord()])
        let query = LedgerQuery(fromMicros: day, toMicros: day + 1)

        let (condition, arguments) = query.condition
        let sql = Ledger.statement(condition: condition, by: grouping)
        let plan = try await ledger.readers.read { database in
            try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: arguments)
                .map { $0["detail"] as String }
        }

        #expect(plan.contains("SEARCH usageRecord USING PRIMARY KEY (id>? AND id<?)"))
        #expect(!plan.contains { $0.hasPrefix("SCAN") })
    }
}
