/// Why a line of `requirements.txt` is refused.
struct LineFault: Error {
    let problem: String
    var allowed: String?
    var nearest: String?
}

/// What one line of `requirements.txt` says.
enum RequirementLine {
    case blank
    case flags([String])
    /// In one spelling.
    case requirement(String)

    init(_ line: String) throws(LineFault) {
        let text = Self.trimmed(line[...])
        if text.hasPrefix("#") {
            self = try Self.directive(text.dropFirst())
            return
        }
        let body = Self.trimmed(Self.withoutComment(text))
        guard !body.isEmpty else {
            self = .blank
            return
        }
        self = .requirement(try Self.requirement(body))
    }

    private static let example = "a name and a version, as in numpy==2.1.0"

    private static func directive(_ comment: Substring) throws(LineFault) -> RequirementLine {
        let text = trimmed(comment)
        guard text.hasPrefix("pip:") else { return .blank }
        let words = text.dropFirst("pip:".count).split(separator: " ").map(String.init)
        let allowed = Requirements.flagsAllowed
        for word in words where !allowed.contains(word) {
            throw LineFault(
                problem: "'\(word)' is no flag that a function may give to pip",
                allowed: allowed.joined(separator: ", "),
                nearest: NearestWord.of(word, among: allowed)
            )
        }
        return .flags(words)
    }

    private static func requirement(_ body: Substring) throws(LineFault) -> String {
        let shown = "'\(body.prefix(80))'"
        if body.hasPrefix("-") {
            throw LineFault(
                problem: "\(shown) is an option; options are not allowed",
                allowed: "requirements, and '# pip: FLAG' with "
                    + Requirements.flagsAllowed.joined(separator: " or ")
            )
        }
        if body.contains("://") || body.contains("@") {
            throw LineFault(
                problem: "\(shown) is an address; packages come from the index by their name",
                allowed: example
            )
        }
        let words = body.split(whereSeparator: \.isWhitespace)
        let hashes = words.filter { $0.hasPrefix("--") }
        for hash in hashes where !isHash(hash) {
            throw LineFault(
                problem: "'\(hash.prefix(80))' is not allowed here",
                allowed: "--hash=sha256: and 64 hexadecimal digits"
            )
        }
        let rest = words.filter { !$0.hasPrefix("--") }.joined(separator: " ")
        let parts = rest.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        let specifier = try specifier(trimmed(parts[0]), shown: shown)
        let marker = parts.count > 1 ? trimmed(parts[1]) : nil
        if let marker, marker.isEmpty || marker.contains(";") {
            throw LineFault(problem: "\(shown) is no requirement", allowed: example)
        }
        return ([specifier + (marker.map { "; \($0)" } ?? "")] + hashes.map(String.init))
            .joined(separator: " ")
    }

    /// `Torch_Vision [a, b] >= 1` becomes `torch-vision[a,b]>=1` (names as in PEP 503).
    private static func specifier(
        _ text: Substring,
        shown: String
    ) throws(LineFault) -> String {
        if text.contains("/") || text.contains("\\") || text.hasPrefix(".")
            || [".whl", ".tar.gz", ".zip"].contains(where: text.lowercased().hasSuffix)
        {
            throw LineFault(
                problem: "\(shown) is a file; packages come from the index by their name",
                allowed: example
            )
        }
        let name = text.prefix { isWord($0) || "._-".contains($0) }
        var rest = trimmed(text.dropFirst(name.count))
        var extras = ""
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            extras = rest[...end].lowercased().filter { $0 != " " }
            rest = trimmed(rest[rest.index(after: end)...])
        }
        guard let first = name.first, let last = name.last, isWord(first), isWord(last),
            extras.dropFirst().dropLast().allSatisfy({ isWord($0) || "._-,".contains($0) }),
            let version = version(rest)
        else { throw LineFault(problem: "\(shown) is no requirement", allowed: example) }
        let words = name.lowercased().split { "._-".contains($0) }
        return words.joined(separator: "-") + extras + version
    }

    /// `>= 1.2, <2`, in brackets or not, without its spaces; nil when it is something else.
    private static func version(_ text: Substring) -> String? {
        guard !text.isEmpty else { return "" }
        let isBracketed = text.first == "(" && text.last == ")"
        let clauses = (isBracketed ? text.dropFirst().dropLast() : text)
            .split(separator: ",", omittingEmptySubsequences: false)
        let operators = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"]
        var result: [String] = []
        for clause in clauses.map(trimmed) {
            guard let sign = operators.first(where: clause.hasPrefix) else { return nil }
            let version = trimmed(clause.dropFirst(sign.count))
            guard !version.isEmpty,
                version.allSatisfy({ isWord($0) || "._-*+!".contains($0) })
            else { return nil }
            result.append(sign + version)
        }
        return result.joined(separator: ",")
    }

    private static func isHash(_ word: Substring) -> Bool {
        guard word.hasPrefix("--hash=sha256:") else { return false }
        let digits = word.dropFirst("--hash=sha256:".count)
        return digits.count == 64 && digits.allSatisfy { $0.isASCII && $0.isHexDigit }
    }

    private static func isWord(_ letter: Character) -> Bool {
        letter.isASCII && (letter.isLetter || letter.isNumber)
    }

    /// A `#` begins a comment after white space, as pip has it.
    private static func withoutComment(_ text: Substring) -> Substring {
        var previous: Character = "x"
        for index in text.indices {
            if text[index] == "#", previous.isWhitespace { return text[..<index] }
            previous = text[index]
        }
        return text
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
