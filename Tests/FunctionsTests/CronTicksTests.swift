import Functions
import TestSupport
import Testing

@Suite struct CronTicksTests {
    @Test func `next and latest give the ticks that one finds by looking at each second`() throws {
        var random = SeededGenerator(seed: 11)
        var tickCount = 0
        for number in 0..<2000 {
            let hasSeconds = number.isMultiple(of: 10)
            let cron = RandomCron(hasSeconds: hasSeconds, using: &random)
            let zone = try #require(TableZone.all.randomElement(using: &random))
            let change = try #require(zone.changes.randomElement(using: &random))
            let half: Int64 = hasSeconds ? 5400 : 100_800
            let middle = change.at + Int64.random(in: -90...90, using: &random) * 60
            let span = middle - half..<middle + half
            guard let expression = try? CronExpression("\(cron)") else {
                #expect(!isPossible(cron), "\(cron)")
                continue
            }

            let expected = ticksByLooking(cron, in: span, every: hasSeconds ? 1 : 60, zone)

            tickCount += expected.count
            check(expression, expected, in: span, zone, using: &random)
        }
        #expect(tickCount > 50_000)
    }

    private func check(
        _ expression: CronExpression,
        _ expected: [Int64],
        in span: Range<Int64>,
        _ zone: TableZone,
        using random: inout SeededGenerator
    ) {
        var found: [Int64] = []
        var micros = span.lowerBound * 1_000_000 - 1
        while found.count <= expected.count,
            let next = expression.next(after: micros, offset: zone.offset),
            next < span.upperBound * 1_000_000
        {
            found.append(next / 1_000_000)
            micros = next
        }
        #expect(found == expected, "\(expression) in \(zone.name)")

        for _ in 0..<8 {
            let from = Int64.random(in: span, using: &random)
            let until = Int64.random(in: from..<span.upperBound, using: &random)
            let fraction = Int64.random(in: 0..<1_000_000, using: &random)
            let latest = expression.latest(
                after: from * 1_000_000 + fraction,
                notAfter: until * 1_000_000 + fraction,
                offset: zone.offset
            )
            let last = expected.last { $0 > from && $0 <= until }
            #expect(
                latest == last.map { $0 * 1_000_000 },
                "\(expression) in \(zone.name) from \(from) to \(until)"
            )
        }
    }

    @Test func `what comes next years ahead is what one finds by looking at each day`() throws {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<2000 {
            let cron = RandomCron(hasSeconds: true, using: &random)
            guard let expression = try? CronExpression("\(cron)") else { continue }
            let second = Int64.random(in: 0..<2_000_000_000, using: &random)
            let today = second / 86_400

            let next = expression.next(after: second * 1_000_000 + 7) { _ in 0 }

            let days = today...today + 1830
            let day = days.first { day in
                let rest = max(day * 86_400, second + 1)..<(day + 1) * 86_400
                return cron.names(Day.all[Int(day)]) && rest.contains(where: cron.names)
            }
            #expect(next.map { $0 / 86_400_000_000 } == day, "\(cron) after \(second)")
            guard let next else { continue }
            #expect(cron.names(next / 1_000_000))
            let latest = expression.latest(after: next - 1, notAfter: next) { _ in 0 }
            #expect(latest == next)
            #expect(
                expression.latest(after: second * 1_000_000, notAfter: next - 1) { _ in 0 } == nil
            )
        }
    }

    private func isPossible(_ cron: RandomCron) -> Bool {
        // The years hold a leap day of each weekday.
        Day.all.contains(where: cron.names)
    }
}
