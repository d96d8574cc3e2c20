/// What `requirements.txt` asks for, in one spelling, so that equal sets share one built layer.
package struct Requirements: Sendable, Hashable {
    package static let fileName = "requirements.txt"
    /// Size of the file, in bytes.
    package static let fileBytesMax = 64 << 10
    package static let countMax = 500
    /// What `# pip:` may ask for.
    package static let flagsAllowed = ["--no-deps", "--only-binary=:all:"]

    /// One requirement each, in the file's order, fit to be given to pip.
    package let lines: [String]
    /// For pip's command line: those of ``flagsAllowed`` that the file asks for.
    package let flags: [String]

    /// Reads the text of a `requirements.txt`.
    ///
    /// A line `# pip: --no-deps` gives pip a flag. Options, addresses and paths are refused: a
    /// layer follows from names and versions alone.
    ///
    /// - Throws: ``PackagingError/Code/requirementsInvalid`` with every fault.
    package init(_ text: String, file: String = fileName) throws(PackagingError) {
        var lines: [String] = []
        var flags: Set<String> = []
        var faults: [FileFault] = []
        for line in Self.logicalLines(text) {
            do throws(LineFault) {
                switch try RequirementLine(line.text) {
                case .blank: continue
                case .flags(let words): flags.formUnion(words)
                case .requirement(let requirement): lines.append(requirement)
                }
            } catch {
                faults.append(
                    FileFault(
                        file: file,
                        line: line.number,
                        column: 1,
                        problem: error.problem,
                        allowed: error.allowed,
                        nearest: error.nearest
                    )
                )
            }
        }
        if lines.count > Self.countMax {
            faults.append(
                FileFault(
                    file: file,
                    line: 1,
                    column: 1,
                    problem: "the file has \(lines.count) requirements",
                    allowed: "at most \(Self.countMax)"
                )
            )
        }
        guard faults.isEmpty else {
            let count = faults.count == 1 ? "a fault" : "\(faults.count) faults"
            throw PackagingError(.requirementsInvalid, "\(file) has \(count)", faults: faults)
        }
        self.lines = lines
        self.flags = Self.flagsAllowed.filter(flags.contains)
    }

    /// Names the layer that these requirements make, in hexadecimal.
    ///
    /// `python` is the interpreter's version (`3.11.2`), and `platform` what binary packages are
    /// built for (`linux-x86_64`).
    package func digest(python: String, platform: String) -> String {
        let parts = ["requirements 1", python, platform, flags.joined(separator: " ")] + lines
        return SHA256.hexadecimal(of: Array(parts.joined(separator: "\n").utf8))
    }

    /// Lines with their number, joined where one ends in a backslash.
    private static func logicalLines(_ text: String) -> [(number: Int, text: String)] {
        var result: [(number: Int, text: String)] = []
        var open: (number: Int, text: String)?
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let number = open?.number ?? index + 1
            let isContinued = line.last == "\\"
            let joined = (open?.text ?? "") + (isContinued ? line.dropLast() : line)
            open = isContinued ? (number, joined) : nil
            if !isContinued { result.append((number, joined)) }
        }
        if let open { result.append(open) }
        return result
    }
}
