/// Why a push is not deployed, or a repository not worked on.
package struct GitDeployError: Error, Sendable, Hashable {
    /// The kind of error; stable, and open for more.
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        /// git is not there, or said no.
        package static let gitFailed = Code(rawValue: "gitFailed")
        /// A path is no repository, or one that pushes can't be taken in.
        package static let repositoryInvalid = Code(rawValue: "repositoryInvalid")
        /// What a hook was given on its standard input is not what git gives.
        package static let updateInvalid = Code(rawValue: "updateInvalid")
        /// The tree of a commit has something that no bundle can hold.
        package static let treeRefused = Code(rawValue: "treeRefused")
        /// A limit of ``GitLimits`` is exceeded.
        package static let limitExceeded = Code(rawValue: "limitExceeded")
        /// The push may not do what it asks for.
        package static let pushRefused = Code(rawValue: "pushRefused")
        /// Another push of the same branch was first.
        package static let branchMoved = Code(rawValue: "branchMoved")
        /// Another push took longer than this one could wait.
        package static let waitedTooLong = Code(rawValue: "waitedTooLong")
        /// Whoever pushes has stopped it.
        package static let cancelled = Code(rawValue: "cancelled")
        /// The operating system refused.
        package static let fileSystem = Code(rawValue: "fileSystem")
    }

    package var code: Code
    /// One line for the person who must act.
    package var message: String
    /// More of it, such as each fault of a file.
    package var details: [String]
    /// What to do about it; nil when there is nothing to suggest.
    package var advice: String?

    package init(
        _ code: Code,
        _ message: String,
        details: [String] = [],
        advice: String? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.advice = advice
    }
}
