/// Figures as a person reads them in a reason.
enum FigureText {
    /// `0.21` is `21.0%`.
    static func percent(_ part: Double) -> String { "\(decimal(part * 100))%" }

    /// `1,802`.
    static func count(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// With one decimal.
    static func decimal(_ number: Double) -> String {
        let tenths = Int(min(max(number, 0) * 10, 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `3.1`, `1,664`.
    static func factor(_ number: Double) -> String {
        number < 100 ? decimal(number) : count(Int(min(number, 1e15).rounded()))
    }

    /// In the unit that fits.
    static func time(_ micros: Double) -> String {
        if micros < 1_000 { return "\(Int(micros.rounded())) us" }
        if micros < 1_000_000 { return "\(decimal(micros / 1_000)) ms" }
        return "\(decimal(micros / 1_000_000)) s"
    }
}
