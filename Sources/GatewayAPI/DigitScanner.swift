/// Reads fixed runs of digits and separators from the front of a text.
struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    /// Takes `count` decimal digits; nil, and nothing taken, when there are fewer.
    mutating func digits(_ count: Int) -> Int? {
        let taken = rest.prefix(count)
        guard taken.count == count, let value = Self.value(taken) else { return nil }
        rest = rest.dropFirst(count)
        return value
    }

    /// Takes `separator` when it is next.
    mutating func skip(_ separator: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: separator) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Takes 1 to `digitsMax` digits as a decimal fraction, in units of its last possible digit.
    mutating func fraction(digitsMax: Int) -> Int64? {
        let run = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...digitsMax).contains(run.count), let value = Self.value(run) else { return nil }
        rest = rest.dropFirst(run.count)
        return (run.count..<digitsMax).reduce(Int64(value)) { scaled, _ in scaled * 10 }
    }

    /// Takes `Z` or an offset from UTC such as `+01:00`.
    mutating func offsetMinutes() -> Int? {
        if skip("Z") { return 0 }
        let sign = skip("+") ? 1 : (skip("-") ? -1 : 0)
        guard sign != 0, let hours = digits(2), hours < 24, skip(":"), let minutes = digits(2),
            minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func value(_ digits: Substring.UTF8View.SubSequence) -> Int? {
        var value = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
