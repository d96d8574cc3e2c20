/// Colours for a terminal; without one, text stays as it is.
package struct Paint: Sendable {
    /// Whether there are colours: not on each terminal.
    package let isOn: Bool
    package let isTerminal: Bool

    package init(isOn: Bool, isTerminal: Bool) {
        self.isOn = isOn
        self.isTerminal = isTerminal
    }

    package func bold(_ text: String) -> String { wrap(text, "1") }
    package func dim(_ text: String) -> String { wrap(text, "2") }
    package func red(_ text: String) -> String { wrap(text, "31") }
    package func green(_ text: String) -> String { wrap(text, "32") }
    package func yellow(_ text: String) -> String { wrap(text, "33") }
    package func blue(_ text: String) -> String { wrap(text, "34") }

    /// Makes control characters visible, so that a function's output cannot steer the terminal.
    ///
    /// A tab stays, and so do line breaks where they are to be kept.
    package func harmless(_ text: String, keepingBreaks: Bool = false) -> String {
        guard isTerminal else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
                    let isKept = scalar == "\t" || (keepingBreaks && scalar == "\n")
                    return isControl && !isKept ? "\u{FFFD}" : scalar
                }
            )
        )
    }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
