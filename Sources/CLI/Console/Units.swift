/// Numbers with units as people read them; JSON has the raw numbers.
package enum Units {
    /// `412 us`, `3.41 ms`, `2.5 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`.
    package static func duration(micros: Int64) -> String {
        switch micros {
        case ..<0: "-" + duration(micros: micros == .min ? .max : -micros)
        case 0: "0"
        case ..<1000: "\(micros) us"
        case ..<1_000_000: "\(decimal(micros, over: 1000)) ms"
        case ..<60_000_000: "\(decimal(micros, over: 1_000_000)) s"
        case ..<3_600_000_000: pair(micros / 1_000_000, 60, "min", "s")
        case ..<86_400_000_000: pair(micros / 60_000_000, 60, "h", "min")
        default: pair(micros / 3_600_000_000, 24, "d", "h")
        }
    }

    package static func duration(millis: Int64) -> String {
        let (micros, isOver) = millis.multipliedReportingOverflow(by: 1000)
        return duration(micros: isOver ? .max : micros)
    }

    /// `512 B`, `1.5 KiB`, `256 MiB`.
    package static func size(bytes: Int64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        var scale: Int64 = 1024
        guard bytes >= scale else { return "\(bytes) B" }
        for unit in units.dropLast() {
            if bytes < scale * 1024 { return "\(decimal(bytes, over: scale)) \(unit)" }
            scale *= 1024
        }
        return "\(decimal(bytes, over: scale)) \(units[units.count - 1])"
    }

    package static func size(mebibytes: Int) -> String { size(bytes: Int64(mebibytes) << 20) }

    /// How long ago something was, in its largest unit: `now`, `3 min ago`, `2 d ago`.
    package static func age(ofMicros micros: Int64, now: Int64) -> String {
        let seconds = max(0, now - micros) / 1_000_000
        return switch seconds {
        case ..<2: "now"
        case ..<60: "\(seconds) s ago"
        case ..<3600: "\(seconds / 60) min ago"
        case ..<86_400: "\(seconds / 3600) h ago"
        default: "\(seconds / 86_400) d ago"
        }
    }

    /// How far ahead something is: `now`, `8 s`, `2 h 5 min`.
    package static func ahead(toMicros micros: Int64, now: Int64) -> String {
        let seconds = (max(0, micros - now) + 500_000) / 1_000_000
        return seconds == 0 ? "now" : duration(micros: seconds * 1_000_000)
    }

    /// In a sentence, when something that is ahead happens: `now`, `in 8 s`.
    package static func due(atMicros micros: Int64, now: Int64) -> String {
        let ahead = ahead(toMicros: micros, now: now)
        return ahead == "now" ? ahead : "in \(ahead)"
    }

    /// `0/s`, `0.25/s`, `1,234/s`.
    package static func rate(perSecond: Double) -> String {
        guard perSecond.isFinite, perSecond > 0 else { return "0/s" }
        guard perSecond < 1000 else { return "\(count(Int64(min(perSecond, 1e15).rounded())))/s" }
        let hundredths = max(1, Int64((perSecond * 100).rounded()))
        return "\(decimal(hundredths, over: 100))/s"
    }

    /// `1 message`, `1,234 messages`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(count(Int64(number))) \(noun)\(number == 1 ? "" : "s")"
    }

    /// An exact amount, to as many decimals as it has, at least two: `0.000000042 EUR`.
    package static func money(nanos: Int64, currency: String) -> String {
        let magnitude = nanos.magnitude
        let fraction = String(magnitude % 1_000_000_000)
        var digits = String(repeating: "0", count: 9 - fraction.count) + fraction
        while digits.count > 2, digits.last == "0" { digits.removeLast() }
        return "\(nanos < 0 ? "-" : "")\(magnitude / 1_000_000_000).\(digits) \(currency)"
    }

    /// `1,234,567`.
    package static func count(_ number: Int64) -> String {
        let digits = String(number.magnitude)
        let groups = digits.enumerated().map { offset, digit in
            offset > 0 && (digits.count - offset) % 3 == 0 ? ",\(digit)" : String(digit)
        }
        return (number < 0 ? "-" : "") + groups.joined()
    }

    /// Three figures or the whole number, without zeros at the end.
    private static func decimal(_ value: Int64, over scale: Int64) -> String {
        let whole = value / scale
        let places = whole >= 100 ? 0 : (whole >= 10 ? 1 : 2)
        guard places > 0 else { return String(whole) }
        let factor: Int64 = places == 1 ? 10 : 100
        let scaled = (value % scale) * factor / scale
        guard scaled > 0 else { return String(whole) }
        var digits = String(scaled)
        digits = String(repeating: "0", count: places - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    private static func pair(
        _ value: Int64,
        _ per: Int64,
        _ large: String,
        _ small: String
    )
        -> String
    {
        let rest = value % per
        return rest == 0 ? "\(value / per) \(large)" : "\(value / per) \(large) \(rest) \(small)"
    }
}
