/// A part of a whole, in hundredths of a percent: 0 to 10,000.
package struct Share: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package static let none = Share(0)
    package static let all = Share(10_000)

    package let basisPoints: Int

    /// Values outside of 0 to 10,000 become the nearest of them.
    package init(_ basisPoints: Int) { self.basisPoints = min(max(basisPoints, 0), 10_000) }

    package init(percent: Int) { self.init(percent * 100) }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(basisPoints)
    }

    /// Nil unless `text` is 0 to 100 with two decimals at most, and a `%` or none after it.
    package init?(text: String) {
        let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Self.number(parts[0]), whole <= 100
        else { return nil }
        var points = whole * 100
        if parts.count == 2 {
            guard parts[1].utf8.count <= 2, let fraction = Self.number(parts[1]) else {
                return nil
            }
            points += parts[1].utf8.count == 1 ? fraction * 10 : fraction
        }
        guard points <= Self.all.basisPoints else { return nil }
        self.init(points)
    }

    /// As in `5%` and `0.25%`.
    package var description: String {
        let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
        guard rest > 0 else { return "\(whole)%" }
        let (tenth, hundredth) = rest.quotientAndRemainder(dividingBy: 10)
        return hundredth == 0 ? "\(whole).\(tenth)%" : "\(whole).\(tenth)\(hundredth)%"
    }

    package static func < (left: Share, right: Share) -> Bool {
        left.basisPoints < right.basisPoints
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...3).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}
