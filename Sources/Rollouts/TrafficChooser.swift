package import Functions

/// Picks the revision that an invocation goes to.
package struct TrafficChooser: Sendable {
    private struct Range {
        let number: Int
        /// The first place that is no longer its own.
        let end: UInt64
    }

    private let ranges: [Range]
    private let whole: Int?
    private let numbers: [Int]

    /// The parts of a traffic: at least one, their shares a whole.
    ///
    /// The newest revision has the lowest places: while its share grows, keys only come to it.
    package init(_ parts: [Traffic.Part]) {
        var end: UInt64 = 0
        var ranges: [Range] = []
        for part in parts.sorted(by: { $0.number > $1.number }) where part.share > .none {
            end += UInt64(part.share.basisPoints)
            ranges.append(Range(number: part.number, end: end))
        }
        self.ranges = ranges
        whole = ranges.count == 1 ? ranges[0].number : nil
        numbers = parts.map(\.number)
    }

    /// Whether an invocation may ask for this revision; also true for one with a share of none.
    package func contains(_ number: Int) -> Bool { numbers.contains(number) }

    /// The same for the same hash while shares only grow; see `StickyKey`.
    package func number(sticky hash: UInt64) -> Int { number(random: hash) }

    /// By 64 bits, each as often 0 as 1.
    package func number(random bits: UInt64) -> Int {
        if let whole { return whole }
        let place = bits.multipliedFullWidth(by: UInt64(Share.all.basisPoints)).high
        for range in ranges where place < range.end { return range.number }
        return ranges.last?.number ?? 0
    }
}
