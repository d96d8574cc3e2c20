import Billing
import Testing

@Suite struct UsageStatementTests {
    @Test(arguments: [
        (0, "1970-01-01"), (1, "1970-01-02"), (-1, "1969-12-31"), (58, "1970-02-28"),
        (789, "1972-02-29"), (11_016, "2000-02-29"), (20_483, "2026-01-30"), (47_540, "2100-02-28"),
        (47_541, "2100-03-01"),
    ])
    func `a day has its date in the Gregorian calendar`(days: Int64, date: String) {
        #expect(Day(since1970: days).description == date)
    }

    @Test(arguments: [(0, 0), (86_399_999_999, 0), (86_400_000_000, 1), (-1, -1)])
    func `an instant falls on the day that has begun`(micros: Int64, day: Int64) {
        #expect(Day(containingMicros: micros).since1970 == day)
    }

    @Test func `the total adds up every quantity of every row`() {
        var echo = UsageStatement.Row(key: "echo")
        echo.invocations = 2
        echo.completed = 2
        echo.memoryMiBMillis = 1_024_000
        var embed = UsageStatement.Row(key: "embed")
        embed.invocations = 1
        embed.failed = 1
        embed.memoryMiBMillis = 512_000
        embed.costNanos = .max

        let total = UsageStatement(
            grouping: .function,
            fromMicros: 0,
            toMicros: 1,
            rows: [echo, embed, embed]
        ).total

        #expect(total.key == "total")
        #expect(total.invocations == 4)
        #expect(total.completed == 2)
        #expect(total.failed == 2)
        #expect(total.memoryMiBMillis == 2_048_000)
        #expect(total.costNanos == .max)
    }
}
