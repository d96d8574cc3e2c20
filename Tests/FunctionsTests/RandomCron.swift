import TestSupport

/// A cron expression as text and as sets, made at random.
struct RandomCron: CustomStringConvertible {
    struct Field {
        var text = ""
        /// Bit by bit: the test asks millions of times.
        private(set) var bits: UInt64 = 0
        var hasStar = false
        var hasStep = false
        var hasLast = false

        mutating func add(_ values: some Sequence<Int>) {
            for value in values { bits |= 1 << UInt64(value) }
        }

        func has(_ value: Int) -> Bool { bits & 1 << UInt64(value) != 0 }
    }

    /// Seconds first.
    let fields: [Field]
    let isSixFields: Bool

    init(hasSeconds: Bool, using random: inout SeededGenerator) {
        var zero = Field(text: "0")
        zero.add([0])
        fields = [
            hasSeconds ? Self.field(0...59, &random) : zero,
            Self.field(0...59, &random), Self.field(0...23, &random),
            Self.field(1...31, mayBeLast: true, &random),
            Self.field(1...12, &random), Self.field(0...6, &random),
        ]
        isSixFields = hasSeconds
    }

    var description: String {
        fields.dropFirst(isSixFields ? 0 : 1).map(\.text).joined(separator: " ")
    }

    private static func field(
        _ range: ClosedRange<Int>,
        mayBeLast: Bool = false,
        _ random: inout SeededGenerator
    ) -> Field {
        var field = Field()
        // As a rule a star, or hardly any expression would tick within a window.
        let isOpen = Int.random(in: 0..<2, using: &random) == 0
        for _ in 0..<(isOpen ? 1 : Int.random(in: 1...3, using: &random)) {
            if !field.text.isEmpty { field.text += "," }
            let low = Int.random(in: range, using: &random)
            let high = Int.random(in: low...range.upperBound, using: &random)
            let step = Int.random(in: 1...range.count, using: &random)
            switch isOpen ? 0 : Int.random(in: 1...(mayBeLast ? 6 : 5), using: &random) {
            case 0:
                field.text += "*"
                field.hasStar = true
                field.add(range)
            case 1:
                field.text += "*/\(step)"
                field.hasStar = true
                field.hasStep = true
                field.add(
                    stride(from: range.lowerBound, to: range.upperBound + 1, by: step)
                )
            case 2, 3:
                field.text += "\(low)"
                field.add([low])
            case 4:
                field.text += "\(low)-\(high)"
                field.add(low...high)
            case 5:
                field.text += "\(low)-\(high)/\(step)"
                field.hasStep = true
                field.add(stride(from: low, to: high + 1, by: step))
            default:
                field.text += "L"
                field.hasLast = true
            }
        }
        return field
    }

    /// Whether the expression names a second of a local clock.
    func names(_ local: Int64) -> Bool {
        let day = Day.all[Int(local / 86_400)]
        let time = Int(local % 86_400)
        guard fields[0].has(time % 60), fields[1].has(time / 60 % 60),
            fields[2].has(time / 3600)
        else { return false }
        return names(day)
    }

    func names(_ day: Day) -> Bool {
        let isDay = fields[3].has(day.day) || fields[3].hasLast && day.isLast
        let isWeekday = fields[5].has(day.weekday)
        let isEither = !fields[3].hasStar && !fields[5].hasStar
        return fields[4].has(day.month)
            && (isEither ? isDay || isWeekday : isDay && isWeekday)
    }
}

/// A date, found by counting from 1 January 1970.
struct Day {
    let year: Int
    let month: Int
    let day: Int
    let weekday: Int
    let isLast: Bool

    static let all: [Day] = {
        var days: [Day] = []
        for year in 1970..<2050 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for (index, length) in lengths.enumerated() {
                for day in 1...length {
                    days.append(
                        Day(
                            year: year,
                            month: index + 1,
                            day: day,
                            weekday: (days.count + 4) % 7,
                            isLast: day == length
                        )
                    )
                }
            }
        }
        return days
    }()
}
