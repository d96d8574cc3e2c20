import Functions
import Testing

/// An expression, an instant, and the ticks that follow it, in UTC.
struct TickCase: Sendable, CustomTestStringConvertible {
    let expression: String
    let after: String
    let next: [String]

    init(_ expression: String, after: String, _ next: String...) {
        self.expression = expression
        self.after = after
        self.next = next
    }

    var testDescription: String { "\(expression) after \(after)" }
}

@Suite struct CronExpressionTests {
    @Test(arguments: [
        TickCase("* * * * *", after: "2026-03-01 10:00:00", "2026-03-01 10:01:00"),
        TickCase("*/5 * * * *", after: "2026-03-01 10:02:59", "2026-03-01 10:05:00"),
        TickCase("* * * * * *", after: "2026-12-31 23:59:59", "2027-01-01 00:00:00"),
        TickCase(
            "*/20 * * * * *",
            after: "2026-03-01 10:00:01",
            "2026-03-01 10:00:20",
            "2026-03-01 10:00:40",
            "2026-03-01 10:01:00"
        ),
        TickCase(
            "5/20 9-10 * * *",
            after: "2026-03-01 10:00:00",
            "2026-03-01 10:05:00",
            "2026-03-01 10:25:00",
            "2026-03-01 10:45:00",
            "2026-03-02 09:05:00"
        ),
        TickCase("0 0 L * *", after: "2028-02-01 00:00:00", "2028-02-29 00:00:00"),
        TickCase(
            "30 12 15,l * *",
            after: "2026-02-01 00:00:00",
            "2026-02-15 12:30:00",
            "2026-02-28 12:30:00",
            "2026-03-15 12:30:00"
        ),
        TickCase("0 0 29 2 *", after: "2026-01-01 00:00:00", "2028-02-29 00:00:00"),
        // 13 March 2026 is a Friday; day and weekday restricted: either.
        TickCase(
            "0 0 14 mar Fri",
            after: "2026-03-01 00:00:00",
            "2026-03-06 00:00:00",
            "2026-03-13 00:00:00",
            "2026-03-14 00:00:00"
        ),
        // With a star, both.
        TickCase("0 0 */14 * FRI", after: "2026-03-01 00:00:00", "2026-05-01 00:00:00"),
        TickCase("0 0 * * 7", after: "2026-03-02 00:00:00", "2026-03-08 00:00:00"),
        TickCase("0 0 * * 0", after: "2026-03-02 00:00:00", "2026-03-08 00:00:00"),
        TickCase(
            "0 0 * * sat-sun",
            after: "2026-03-02 00:00:00",
            "2026-03-07 00:00:00",
            "2026-03-08 00:00:00",
            "2026-03-14 00:00:00"
        ),
        TickCase("\t0  6   * JUN-AUG  1 ", after: "2026-03-01 00:00:00", "2026-06-01 06:00:00"),
        TickCase("@hourly", after: "2026-03-01 10:00:00", "2026-03-01 11:00:00"),
        TickCase("@daily", after: "2026-03-01 10:00:00", "2026-03-02 00:00:00"),
        TickCase("@midnight", after: "2026-03-01 10:00:00", "2026-03-02 00:00:00"),
        TickCase("@weekly", after: "2026-03-02 10:00:00", "2026-03-08 00:00:00"),
        TickCase("@monthly", after: "2026-03-02 10:00:00", "2026-04-01 00:00:00"),
        TickCase("@yearly", after: "2026-03-02 10:00:00", "2027-01-01 00:00:00"),
        TickCase("@Annually", after: "2026-03-02 10:00:00", "2027-01-01 00:00:00"),
        TickCase(
            "@every 30s",
            after: "2026-03-01 10:00:29",
            "2026-03-01 10:00:30",
            "2026-03-01 10:01:00"
        ),
        TickCase(
            "@every 1h30m",
            after: "1970-01-01 00:00:00",
            "1970-01-01 01:30:00",
            "1970-01-01 03:00:00"
        ),
        TickCase("@every 5m", after: "1969-12-31 23:58:00", "1970-01-01 00:00:00"),
    ])
    func `an expression ticks when its words say`(tick: TickCase) throws {
        let expression = try CronExpression(tick.expression)
        var micros = instant(tick.after)

        for expected in tick.next {
            let next = try #require(expression.next(after: micros) { _ in 0 })
            #expect(next == instant(expected))
            let latest = expression.latest(after: micros, notAfter: next + 999_999) { _ in 0 }
            #expect(latest == next)
            micros = next
        }
    }

    @Test func `a tick comes strictly after, to the microsecond`() throws {
        let expression = try CronExpression("* * * * * *")

        #expect(expression.next(after: 4_999_999) { _ in 0 } == 5_000_000)
        #expect(expression.next(after: 5_000_000) { _ in 0 } == 6_000_000)
        #expect(expression.next(after: -1) { _ in 0 } == 0)
        #expect(expression.latest(after: 5_000_000, notAfter: 5_999_999) { _ in 0 } == nil)
        #expect(expression.latest(after: 4_999_999, notAfter: 5_000_000) { _ in 0 } == 5_000_000)
        #expect(expression.latest(after: 5, notAfter: 5) { _ in 0 } == nil)
        #expect(expression.latest(after: 6, notAfter: 5) { _ in 0 } == nil)
    }

    @Test func `a date that does not come for five years gives no tick`() throws {
        let expression = try CronExpression("0 0 29 2 *")
        let after = instant("2096-03-01 00:00:00")

        #expect(expression.next(after: after) { _ in 0 } == nil)
        #expect(
            expression.latest(after: after, notAfter: instant("2109-01-01 00:00:00")) { _ in 0 }
                == instant("2108-02-29 00:00:00")
        )
    }

    @Test func `instants beyond the years of four digits give no tick and no trap`() throws {
        for text in ["* * * * *", "@every 1s", "0 0 29 2 *"] {
            let expression = try CronExpression(text)
            for micros in [Int64.min, Int64.max, Int64.max - 1] {
                #expect(expression.next(after: micros) { _ in 0 } == nil)
            }
            let latest = expression.latest(after: .min, notAfter: .max) { _ in 0 }
            #expect(try #require(latest) > instant("9000-01-01 00:00:00"))
        }
    }

    @Test func `after a long outage the latest tick is found without walking all`() throws {
        let expression = try CronExpression("* * * * * *")
        var calls = 0

        let latest = expression.latest(after: 0, notAfter: 1_900_000_000_000_000) { _ in
            calls += 1
            return 3600
        }

        #expect(latest == 1_900_000_000_000_000)
        #expect(calls < 10)
    }

    @Test func `an expression is shown as it was written`() throws {
        #expect(try CronExpression("*/5 * * * MON").description == "*/5 * * * MON")
    }
}

/// `2026-03-01 10:00:00`, or with another digit string in each place, in microseconds.
func instant(_ text: String) -> Int64 {
    let parts = text.split { "- :".contains($0) }.compactMap { Int64($0) }
    let (year, month, day) = (parts[0], parts[1], parts[2])
    var days = (year - 1970) * 365
    days += (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400
    if year < 1970 { days = (year - 1970) * 365 }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    days += lengths.prefix(Int(month - 1)).reduce(0, +) + day - 1
    return (((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]) * 1_000_000
}
