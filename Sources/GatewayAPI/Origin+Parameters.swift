package import Functions

/// As query parameters of a deploy.
extension Origin {
    /// The longest of its texts, in bytes; what is longer is cut off.
    package static let textBytesMax = 1024

    package init(parameters: [String: String]) {
        func text(_ name: String) -> String? {
            guard let text = parameters[name], !text.isEmpty else { return nil }
            return String(decoding: text.utf8.prefix(Self.textBytesMax), as: UTF8.self)
        }
        self.init(
            repository: text("repository"),
            branch: text("branch"),
            commit: text("commit"),
            author: text("author"),
            subject: text("subject"),
            deployedBy: text("by")
        )
    }

    /// Those that are known, by the names of the parameters.
    package var parameters: [(name: String, value: String)] {
        [
            ("repository", repository), ("branch", branch), ("commit", commit),
            ("author", author), ("subject", subject), ("by", deployedBy),
        ].compactMap { name, value in value.map { (name, $0) } }
    }
}
