/// Where a revision came from, as far as it is known.
package struct Origin: Sendable, Hashable, Codable {
    /// The repository that was pushed to: its name on the gateway, or the path of another.
    package var repository: String?
    /// Without `refs/heads/`.
    package var branch: String?
    /// 40 or 64 hexadecimal digits.
    package var commit: String?
    /// `NAME <ADDRESS>`, as the commit says.
    package var author: String?
    /// The first line of the commit's message.
    package var subject: String?
    /// Who deployed it: a user of the host or of a client.
    package var deployedBy: String?

    package init(
        repository: String? = nil,
        branch: String? = nil,
        commit: String? = nil,
        author: String? = nil,
        subject: String? = nil,
        deployedBy: String? = nil
    ) {
        self.repository = repository
        self.branch = branch
        self.commit = commit
        self.author = author
        self.subject = subject
        self.deployedBy = deployedBy
    }

    package var isEmpty: Bool { self == Origin() }
}
