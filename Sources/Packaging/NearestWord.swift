/// Finds the valid word that a mistyped one was meant to be.
package enum NearestWord {
    /// Longer words are not compared: the cost grows with the product of both lengths.
    package static let comparedLengthMax = 64

    /// The candidate with the fewest edits from `word`.
    ///
    /// Nil when the best needs more than a third of the word's letters (at least 2) changed.
    package static func of(_ word: String, among candidates: [String]) -> String? {
        let letters = Array(word.lowercased())
        guard (1...comparedLengthMax).contains(letters.count) else { return nil }
        let ranked = candidates.map { candidate in
            (word: candidate, edits: distance(letters, Array(candidate.lowercased())))
        }
        guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
        let editsMax = max(2, letters.count / 3)
        return best.edits <= editsMax && best.edits < letters.count ? best.word : nil
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    package static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let same = left[row - 1] == right[column - 1]
                var edits = min(
                    last[column] + 1,
                    current[column - 1] + 1,
                    last[column - 1] + (same ? 0 : 1)
                )
                if row > 1, column > 1, left[row - 1] == right[column - 2],
                    left[row - 2] == right[column - 1]
                {
                    edits = min(edits, beforeLast[column - 2] + 1)
                }
                current.append(edits)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
