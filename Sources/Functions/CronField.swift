/// One of the words of a cron expression, in the order in which they are written.
package enum CronField: String, Sendable, Hashable, CaseIterable {
    case second, minute, hour, day, month, weekday

    /// The numbers that it takes; both 0 and 7 are Sunday.
    var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .day: 1...31
        case .month: 1...12
        case .weekday: 0...7
        }
    }

    /// How many different values it has.
    var valueCount: Int { self == .weekday ? 7 : range.count }

    /// The first is the range's least number.
    var names: [String] {
        switch self {
        case .month:
            [
                "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV",
                "DEC",
            ]
        case .weekday: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        case .second, .minute, .hour, .day: []
        }
    }

    /// For messages.
    var allowed: String {
        let numbers = "\(range.lowerBound) to \(range.upperBound)"
        let last = names.last.map { " or \(names[0]) to \($0)" } ?? ""
        let extra =
            switch self {
            case .day: ", or L for the month's last day"
            case .weekday: " (0 and 7 are Sunday)"
            case .second, .minute, .hour, .month: ""
            }
        return "*, \(numbers)\(last)\(extra), and of these ranges a-b, steps a-b/n and lists a,b"
    }
}
