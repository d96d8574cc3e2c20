import Glibc

/// Which parts of a function folder stay out of its bundle.
struct IgnoreRules {
    static let fileName = ".faasignore"

    /// What version control, interpreters and tools leave behind, and the rules themselves.
    static let always = [
        ".git", ".hg", ".svn", "__pycache__", "*.pyc", ".venv*", ".pytest_cache", ".mypy_cache",
        ".ruff_cache", ".ipynb_checkpoints", "node_modules", ".DS_Store", fileName,
    ]

    private struct Pattern {
        let glob: String
        /// Matched against the whole path, not against each name.
        let isAnchored: Bool
        let isForDirectories: Bool
    }

    private var patterns: [Pattern]

    init() {
        patterns = Self.always.map { name in
            Pattern(glob: name, isAnchored: false, isForDirectories: false)
        }
    }

    /// Adds the patterns of a `.faasignore`: one a line, as in a shell; `#` begins a comment.
    ///
    /// A `/` at the end means folders only, and one elsewhere that the pattern is the whole path.
    ///
    /// - Throws: ``PackagingError/Code/ignoreInvalid`` for what such a file can't say.
    mutating func add(_ text: String) throws(PackagingError) {
        var faults: [FileFault] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            var glob = line.drop { $0 == " " || $0 == "\t" }
            while let last = glob.last, last.isWhitespace { glob.removeLast() }
            guard !glob.isEmpty, glob.first != "#" else { continue }
            if let problem = Self.fault(in: glob) {
                faults.append(
                    FileFault(file: Self.fileName, line: index + 1, column: 1, problem: problem)
                )
            } else {
                patterns.append(Self.pattern(glob))
            }
        }
        guard faults.isEmpty else {
            let message = "\(Self.fileName) has patterns that can't be honoured"
            throw PackagingError(.ignoreInvalid, message, faults: faults)
        }
        guard patterns.count <= BundleLimits.ignorePatternCountMax + Self.always.count else {
            let most = BundleLimits.ignorePatternCountMax
            throw PackagingError(
                .limitExceeded,
                "\(Self.fileName) has more than \(most) patterns"
            )
        }
    }

    /// Whether the entry at `path`, and all below it, stays out.
    func exclude(_ path: String, isDirectory: Bool) -> Bool {
        let name = String(path.split(separator: "/").last ?? "")
        return patterns.contains { pattern in
            (isDirectory || !pattern.isForDirectories)
                && fnmatch(pattern.glob, pattern.isAnchored ? path : name, FNM_PATHNAME) == 0
        }
    }

    private static func fault(in glob: Substring) -> String? {
        if glob.first == "!" { return "'\(glob)' takes files back in, which is not supported" }
        if glob.split(separator: "/").contains("**") {
            return "'\(glob)' has '**', which is not supported; a name alone matches at any depth"
        }
        return nil
    }

    private static func pattern(_ glob: Substring) -> Pattern {
        let isForDirectories = glob.last == "/"
        let body = isForDirectories ? glob.dropLast() : glob
        return Pattern(
            glob: String(body.first == "/" ? body.dropFirst() : body),
            isAnchored: body.contains("/"),
            isForDirectories: isForDirectories
        )
    }
}
