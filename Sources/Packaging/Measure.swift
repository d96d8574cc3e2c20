/// A kind of quantity in the manifest: which units it may have, and in what it is counted.
package struct Measure: Sendable {
    package struct Unit: Sendable {
        let word: String
        let factor: Int
    }

    package enum Fault: Error, Equatable {
        case notANumber
        case unitMissing(nearest: String)
        case unitUnknown(String, nearest: String?)
        case negative
        /// Not a whole number of what it is counted in, or beyond 64 bits.
        case notCountable
    }

    /// Largest first.
    let units: [Unit]
    /// Words that people write for a unit, and the unit's own.
    let synonyms: [String: String]
    /// How many of the smallest unit's base make one of what is counted: bytes in a MiB.
    let divisor: Int
    /// What a reader is told may stand there.
    let allowed: String

    /// Counted in milliseconds.
    package static let duration = Measure(
        units: [
            Unit(word: "h", factor: 3_600_000), Unit(word: "m", factor: 60_000),
            Unit(word: "s", factor: 1000), Unit(word: "ms", factor: 1),
        ],
        synonyms: [
            "hr": "h", "hour": "h", "hours": "h", "min": "m", "mins": "m", "minute": "m",
            "minutes": "m", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
            "msec": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
        ],
        divisor: 1,
        allowed: "a number with ms, s, m or h, as in 30s"
    )

    /// Counted in MiB.
    package static let memory = Measure(
        units: binaryUnits,
        synonyms: binarySynonyms,
        divisor: 1 << 20,
        allowed: "a number with Ki, Mi, Gi or Ti that makes whole MiB, as in 256Mi"
    )

    /// Counted in bytes; a number alone is bytes.
    package static let size = Measure(
        units: binaryUnits + [Unit(word: "", factor: 1)],
        synonyms: binarySynonyms,
        divisor: 1,
        allowed: "a number of bytes, or one with Ki, Mi, Gi or Ti, as in 6Mi"
    )

    /// Counted in thousandths of a core; a number alone is cores.
    package static let cpu = Measure(
        units: [Unit(word: "", factor: 1000), Unit(word: "m", factor: 1)],
        synonyms: [
            "c": "", "core": "", "cores": "", "cpu": "", "cpus": "", "milli": "m", "millis": "m",
        ],
        divisor: 1,
        allowed: "a number of cores such as 1 or 0.5, or thousandths such as 500m"
    )

    private static let binaryUnits = [
        Unit(word: "Ti", factor: 1 << 40), Unit(word: "Gi", factor: 1 << 30),
        Unit(word: "Mi", factor: 1 << 20), Unit(word: "Ki", factor: 1 << 10),
    ]

    private static let binarySynonyms = [
        "k": "Ki", "kb": "Ki", "kib": "Ki", "m": "Mi", "mb": "Mi", "mib": "Mi", "g": "Gi",
        "gb": "Gi", "gib": "Gi", "t": "Ti", "tb": "Ti", "tib": "Ti", "ki": "Ki", "mi": "Mi",
        "gi": "Gi", "ti": "Ti",
    ]
}

extension Measure {
    /// Reads `30s`, `0.5`, `256Mi`; the result is in what the measure counts.
    package func read(_ text: String) throws(Fault) -> Int {
        guard let number = Decimal(text) else { throw .notANumber }
        guard !number.isNegative else { throw .negative }
        let factor = try factor(of: number)
        guard let count = number.scaled(by: factor, over: divisor) else { throw .notCountable }
        return count
    }

    /// The shortest way to write `count`: 60,000 milliseconds are `1m`.
    package func text(of count: Int) -> String {
        let whole = count.multipliedReportingOverflow(by: divisor)
        guard count > 0, !whole.overflow else { return "\(count)\(units.last?.word ?? "")" }
        for unit in units where whole.partialValue.isMultiple(of: unit.factor) {
            return "\(whole.partialValue / unit.factor)\(unit.word)"
        }
        return "\(count)"
    }

    private func factor(of number: Decimal) throws(Fault) -> Int {
        if let unit = units.first(where: { $0.word == number.unit }) { return unit.factor }
        if number.unit.isEmpty {
            // Zero is the same in every unit.
            guard number.digits != 0 else { return divisor }
            throw .unitMissing(nearest: number.text + (divisor == 1 ? "s" : "Mi"))
        }
        throw .unitUnknown(number.unit, nearest: nearestUnit(number.unit).map { number.text + $0 })
    }

    private func nearestUnit(_ word: String) -> String? {
        if let known = synonyms[word.lowercased()] { return known }
        let words = Array(synonyms.keys).sorted() + units.map(\.word)
        return NearestWord.of(word, among: words).map { synonyms[$0] ?? $0 }
    }
}

extension Measure {
    /// A decimal number, exactly as written, and the letters that follow it.
    private struct Decimal {
        /// Keeps every later product of digits and a power of ten within 64 bits.
        static let digitCountMax = 15

        let isNegative: Bool
        let digits: Int
        let decimals: Int
        /// The number without its unit.
        let text: String
        let unit: String

        init?(_ source: String) {
            var rest = source[...]
            isNegative = rest.first == "-"
            if isNegative { rest = rest.dropFirst() }
            let whole = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(whole.count)
            var fraction: Substring = ""
            if rest.first == "." {
                fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
                guard !fraction.isEmpty else { return nil }
                rest = rest.dropFirst(1 + fraction.count)
            }
            let unit = rest.drop { $0 == " " }
            guard !whole.isEmpty, whole.count + fraction.count <= Self.digitCountMax,
                unit.allSatisfy({ $0.isASCII && $0.isLetter || $0 == "%" }),
                let digits = Int(whole + fraction)
            else { return nil }
            self.digits = digits
            decimals = fraction.count
            text = String(fraction.isEmpty ? whole : whole + "." + fraction)
            self.unit = String(unit)
        }

        func scaled(by factor: Int, over divisor: Int) -> Int? {
            var powerOfTen = 1
            for _ in 0..<decimals { powerOfTen *= 10 }
            let product = digits.multipliedReportingOverflow(by: factor)
            let parts = powerOfTen.multipliedReportingOverflow(by: divisor)
            guard !product.overflow, !parts.overflow,
                product.partialValue.isMultiple(of: parts.partialValue)
            else { return nil }
            return product.partialValue / parts.partialValue
        }
    }
}
