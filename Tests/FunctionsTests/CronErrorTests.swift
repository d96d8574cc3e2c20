import Functions
import TestSupport
import Testing

/// A text that is no cron expression, with the field and what is said about it.
struct CronFaultCase: Sendable, CustomTestStringConvertible {
    let text: String
    let field: CronField?
    let problem: String

    init(_ text: String, _ field: CronField?, _ problem: String) {
        self.text = text
        self.field = field
        self.problem = problem
    }

    var testDescription: String { text.debugDescription }
}

@Suite struct CronErrorTests {
    @Test(arguments: [
        CronFaultCase("", nil, "has 0 fields"),
        CronFaultCase("* * * *", nil, "has 4 fields"),
        CronFaultCase("* * * * * * *", nil, "has 7 fields"),
        CronFaultCase("60 * * * *", .minute, "has '60' as its minute, which is too much"),
        CronFaultCase("* 24 * * *", .hour, "has '24' as its hour, which is too much"),
        CronFaultCase("* * 0 * *", .day, "has '0' as its day, which is too little"),
        CronFaultCase("* * 32 * *", .day, "has '32' as its day, which is too much"),
        CronFaultCase("* * * 13 *", .month, "has '13' as its month, which is too much"),
        CronFaultCase("* * * * 8", .weekday, "has '8' as its weekday, which is too much"),
        CronFaultCase("60 * * * * *", .second, "has '60' as its second, which is too much"),
        CronFaultCase("* * * * MOM", .weekday, "has 'MOM' where its weekday should be"),
        CronFaultCase("* * * FEV *", .month, "has 'FEV' where its month should be"),
        CronFaultCase("* MON * * *", .hour, "has 'MON' where its hour should be"),
        CronFaultCase("-1 * * * *", .minute, "has nothing where its minute should be"),
        CronFaultCase("+1 * * * *", .minute, "has '+1' where its minute should be"),
        CronFaultCase("1.5 * * * *", .minute, "has '1.5' where its minute should be"),
        CronFaultCase("1, * * * *", .minute, "has nothing where its minute should be"),
        CronFaultCase("1,,2 * * * *", .minute, "has nothing where its minute should be"),
        CronFaultCase("5- * * * *", .minute, "has nothing where its minute should be"),
        CronFaultCase("1-2-3 * * * *", .minute, "has '2-3' where its minute should be"),
        CronFaultCase("** * * * *", .minute, "has '**' where its minute should be"),
        CronFaultCase("? * * * *", .minute, "has '?' where its minute should be"),
        CronFaultCase("30-10 * * * *", .minute, "has '30-10' as its minute, which goes backwards"),
        CronFaultCase("* * * * FRI-MON", .weekday, "has 'FRI-MON' as its weekday, which goes"),
        CronFaultCase("*/0 * * * *", .minute, "has '0' as the step of its minute"),
        CronFaultCase("*/61 * * * *", .minute, "has '61' as the step of its minute"),
        CronFaultCase("*/x * * * *", .minute, "has 'x' as the step of its minute"),
        CronFaultCase("*/5/5 * * * *", .minute, "has '5/5' as the step of its minute"),
        CronFaultCase("*/ * * * *", .minute, "has '' as the step of its minute"),
        CronFaultCase("99999999999999999999 * * * *", .minute, "where its minute should be"),
        CronFaultCase("* * L-3 * *", .day, "has 'L-3' as its day, but L stands alone"),
        CronFaultCase("* * L/2 * *", .day, "has 'L/2' as its day, but L stands alone"),
        CronFaultCase("* * * * 5L", .weekday, "has '5L' where its weekday should be"),
        CronFaultCase("* * * * MON#1", .weekday, "has 'MON#1' where its weekday should be"),
        CronFaultCase("L * * * *", .minute, "has 'L' where its minute should be"),
        CronFaultCase("0 0 30 2 *", .day, "is never due: no month that it names has such a day"),
        CronFaultCase("0 0 31 2,4,6,9,11 *", .day, "is never due"),
        CronFaultCase("0 0 30-31 FEB */2", .day, "is never due"),
        CronFaultCase("@dayly", nil, "is '@dayly', which names no schedule"),
        CronFaultCase("@reboot", nil, "is '@reboot', which names no schedule"),
        CronFaultCase("@daily 5", nil, "has '5' after @daily"),
        CronFaultCase("@every", nil, "has no interval after @every"),
        CronFaultCase("@every 0s", nil, "has '0s' after @every"),
        CronFaultCase("@every 30", nil, "has '30' after @every"),
        CronFaultCase("@every 500ms", nil, "has '500ms' after @every"),
        CronFaultCase("@every 1m1h", nil, "has '1m1h' after @every"),
        CronFaultCase("@every 1s1s", nil, "has '1s1s' after @every"),
        CronFaultCase("@every -5s", nil, "has '-5s' after @every"),
        CronFaultCase("@every s", nil, "has 's' after @every"),
        CronFaultCase("@every 9000h", nil, "has '9000h' after @every"),
        CronFaultCase("@every 999999999h999999999m", nil, "after @every"),
        CronFaultCase("@every 1h 30m", nil, "has '1h 30m' after @every"),
    ])
    func `a faulty expression is refused with its field and what may stand there`(
        fault: CronFaultCase
    ) throws {
        let error = try #require(
            throws: CronError.self,
            performing: { try CronExpression(fault.text) }
        )

        #expect(error.field == fault.field)
        #expect(error.problem.contains(fault.problem), "\(error)")
        #expect(!error.allowed.isEmpty)
    }

    @Test func `an error says what may stand there`() throws {
        let error = try #require(throws: CronError.self) { try CronExpression("* * * * MOM") }

        #expect(error.found == "MOM")
        #expect(error.words.contains("MON"))
        #expect(
            error.description
                == "the cron expression has 'MOM' where its weekday should be; allowed: *, 0 to 7 "
                + "or SUN to SAT (0 and 7 are Sunday), and of these ranges a-b, steps a-b/n and "
                + "lists a,b"
        )
    }

    @Test func `an expression over its length is refused`() {
        let text = "0" + String(repeating: ",0", count: CronExpression.lengthMax) + " * * * *"
        #expect(throws: CronError.self) { try CronExpression(text) }
    }

    @Test func `a day that only leap years or a weekday give is not refused`() throws {
        for text in ["0 0 29 2 *", "0 0 30 2 MON", "0 0 31 */2 *", "0 0 L 2 *"] {
            #expect(try CronExpression(text).next(after: 0) { _ in 0 } != nil)
        }
    }

    @Test func `random text is an expression or an error, never a crash`() throws {
        var random = SeededGenerator(seed: 3)
        let letters = Array("0123456789*/-,LMON @everyhms#?é\t")
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                letters[Int.random(in: 0..<letters.count, using: &random)]
            }
            guard let expression = try? CronExpression(String(text)) else { continue }
            _ = expression.next(after: 0) { _ in 0 }
        }
    }
}
