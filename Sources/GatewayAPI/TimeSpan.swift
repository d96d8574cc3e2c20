/// A length of time as text: a whole number and its unit, `ms`, `s`, `m`, `h` or `d`, as in
/// `X-Delay: 10s` and `?wait=30s`.
package struct TimeSpan: Sendable, Hashable, CustomStringConvertible {
    package var millis: Int64

    package init(millis: Int64) { self.millis = millis }

    /// Nil when `text` is anything else, or longer than 1,000,000 days.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...]
        guard let count = Int64(digits), let scale = Self.units.first(where: { $0.name == unit })
        else { return nil }
        let (millis, isOver) = count.multipliedReportingOverflow(by: scale.millis)
        guard !isOver, millis <= Self.millisMax else { return nil }
        self.millis = millis
    }

    /// In the largest unit that leaves no fraction.
    package var description: String {
        let unit = Self.units.last { millis % $0.millis == 0 && millis != 0 }
        guard let unit else { return "\(millis)ms" }
        return "\(millis / unit.millis)\(unit.name)"
    }

    private static let millisMax: Int64 = 1_000_000 * 86_400_000

    private static let units: [(name: String, millis: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
}
