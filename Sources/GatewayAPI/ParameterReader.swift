/// Reads query parameters one by one and then knows which ones nobody asked for.
struct ParameterReader {
    private let parameters: [String: String]
    private var known: [String] = []

    init(_ parameters: [String: String]) { self.parameters = parameters }

    /// Nil when it is absent or empty.
    mutating func text(_ name: String) -> String? {
        known.append(name)
        guard let value = parameters[name], !value.isEmpty else { return nil }
        return value
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = text(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let limits = "from \(range.lowerBound) to \(range.upperBound)"
            throw Self.invalid(name, text, "a whole number \(limits)")
        }
        return value
    }

    mutating func bool(_ name: String) throws(Problem) -> Bool? {
        guard let text = text(name) else { return nil }
        switch text {
        case "true", "1": return true
        case "false", "0": return false
        default: throw Self.invalid(name, text, "true or false")
        }
    }

    mutating func span(_ name: String, upTo limit: TimeSpan) throws(Problem) -> TimeSpan? {
        guard let text = text(name) else { return nil }
        guard let value = TimeSpan(text), value.millis <= limit.millis else {
            throw Self.invalid(name, text, "a time such as 500ms or 30s, at most \(limit)")
        }
        return value
    }

    mutating func timestamp(_ name: String) throws(Problem) -> Timestamp? {
        guard let text = text(name) else { return nil }
        guard let value = Timestamp(text) else {
            throw Self.invalid(name, text, "a day or an instant, as 2026-01-31T12:00:00Z")
        }
        return value
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        _ type: Word.Type
    ) throws(Problem) -> Word? where Word.RawValue == String {
        guard let text = text(name) else { return nil }
        guard let value = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Self.invalid(name, text, "one of \(words)")
        }
        return value
    }

    /// Throws when there is a parameter that was not asked for.
    func finish() throws(Problem) {
        let unknown = parameters.keys.filter { !known.contains($0) }.sorted()
        guard let name = unknown.first else { return }
        throw Problem(
            .queryInvalid,
            detail: "There is no parameter `\(name)`; there are \(known.joined(separator: ", "))."
        )
    }

    private static func invalid(_ name: String, _ text: String, _ rule: String) -> Problem {
        Problem(.queryInvalid, detail: "`\(name)` is `\(text)`, but must be \(rule).")
    }
}
