/// What one field of a cron expression says.
struct CronFieldReader {
    private(set) var values = CronSet()
    /// There is a `*` in it, with a step or without: by the classic rule it restricts nothing.
    private(set) var hasStar = false
    private(set) var hasStep = false
    /// The month's last day is meant too.
    private(set) var hasLast = false
    private let field: CronField

    init(_ text: Substring, _ field: CronField) throws(CronError) {
        self.field = field
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            try read(item)
        }
    }

    /// Reads `*`, `5`, `MON-FRI`, `0-30/10`, `5/10` or `L`.
    private mutating func read(_ item: Substring) throws(CronError) {
        if field == .day, item == "L" || item == "l" {
            hasLast = true
            return
        }
        if field == .day, item.hasPrefix("L") || item.hasPrefix("l") {
            throw fault("has '\(item)' as its day, but L stands alone", item)
        }
        let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var range = try range(parts[0])
        var step = 1
        if parts.count == 2 {
            step = try self.step(parts[1])
            hasStep = true
            if range.count == 1, parts[0] != "*", !parts[0].contains("-") {
                range = range.lowerBound...max(range.lowerBound, lastValue)
            }
        }
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
            values.insert(field == .weekday ? value % 7 : value)
        }
    }

    private mutating func range(_ text: Substring) throws(CronError) -> ClosedRange<Int> {
        if text == "*" {
            hasStar = true
            return field.range.lowerBound...lastValue
        }
        let bounds = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(bounds[0])
        guard bounds.count == 2 else { return first...first }
        var last = try value(bounds[1])
        // A week may end with its Sunday.
        if field == .weekday, last == 0, first > 0 { last = 7 }
        guard first <= last else {
            throw fault("has '\(text)' as its \(field), which goes backwards", text)
        }
        return first...last
    }

    private func value(_ text: Substring) throws(CronError) -> Int {
        if let place = field.names.firstIndex(of: text.uppercased()) {
            return place + field.range.lowerBound
        }
        let written = text.isEmpty ? "nothing" : "'\(text)'"
        guard let number = Self.number(text) else {
            throw fault("has \(written) where its \(field) should be", text)
        }
        guard field.range.contains(number) else {
            let side = number > field.range.upperBound ? "much" : "little"
            throw fault("has \(written) as its \(field), which is too \(side)", text)
        }
        return number
    }

    private func step(_ text: Substring) throws(CronError) -> Int {
        guard let step = Self.number(text), (1...field.valueCount).contains(step) else {
            throw CronError(
                "has '\(text)' as the step of its \(field)",
                field: field,
                allowed: "a whole number from 1 to \(field.valueCount)",
                found: String(text)
            )
        }
        return step
    }

    /// The greatest number, each value once.
    private var lastValue: Int { field == .weekday ? 6 : field.range.upperBound }

    private func fault(_ problem: String, _ found: Substring) -> CronError {
        CronError(
            problem,
            field: field,
            allowed: field.allowed,
            found: String(found),
            words: field.names
        )
    }

    /// A number of up to nine digits, and nothing else.
    static func number(_ text: some StringProtocol) -> Int? {
        let isPlain = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isPlain && text.utf8.count <= 9 ? Int(text) : nil
    }
}
