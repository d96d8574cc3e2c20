/// A YAML text in which keys that are given twice can be told apart.
///
/// The parser gives up at the first map with a duplicate key. So that the rest is checked too, the
/// key's first occurrence gets a marker, a private-use character in front, and the text is parsed
/// once more.
struct MarkedText {
    /// Each with its line break.
    private var lines: [[Unicode.Scalar]]
    private var markerCount: UInt32 = 0

    /// Nil when the text itself has characters that serve as markers.
    init?(_ text: String) {
        guard !text.unicodeScalars.contains(where: Self.isMarker) else { return nil }
        lines = Self.split(text)
    }

    var text: String {
        var view = String.UnicodeScalarView()
        for line in lines { view.append(contentsOf: line) }
        return String(view)
    }

    /// Marks the key at a place of this text; false when there is no such place, or no marker left.
    mutating func markKey(line: Int, column: Int) -> Bool {
        guard markerCount < ManifestLimits.duplicateKeyCountMax, lines.indices.contains(line - 1),
            lines[line - 1].indices.contains(column - 1),
            let marker = Unicode.Scalar(Self.markers.lowerBound + markerCount)
        else { return false }
        let first = lines[line - 1][column - 1]
        let isQuote = first == "\"" || first == "'"
        lines[line - 1].insert(marker, at: isQuote ? column : column - 1)
        markerCount += 1
        return true
    }

    /// The column in the user's text of a column in this one.
    func originalColumn(line: Int, column: Int) -> Int {
        guard lines.indices.contains(line - 1) else { return column }
        return column - lines[line - 1].prefix(column - 1).count(where: Self.isMarker)
    }

    /// A key as the user wrote it.
    static func unmarked(_ key: String) -> String {
        guard let first = key.unicodeScalars.first, isMarker(first) else { return key }
        return String(key.unicodeScalars.dropFirst())
    }

    /// Lines with something on them, or followed by others.
    static func lineCount(of text: String) -> Int { split(text).count }

    private static let markers: ClosedRange<UInt32> = 0xE000...0xE0FF

    private static func isMarker(_ scalar: Unicode.Scalar) -> Bool {
        markers.contains(scalar.value)
    }

    /// Splits where libyaml counts a new line.
    private static func split(_ text: String) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if let previous, isBreak(previous), !(previous == "\r" && scalar == "\n") {
                lines.append([])
            }
            lines[lines.count - 1].append(scalar)
            previous = scalar
        }
        return lines
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }
}
