/// The answer to `GET /v1/repositories`.
package struct RepositoryList: Sendable, Hashable, Codable {
    package var repositories: [RepositoryReport]

    package init(repositories: [RepositoryReport]) { self.repositories = repositories }
}

/// A bare repository on the gateway's host; also the answer to `PUT /v1/repositories/NAME`.
package struct RepositoryReport: Sendable, Hashable, Codable {
    package var name: String
    package var account: String
    /// Where it is on the host: the remote of a push over a local path or ssh.
    package var path: String
    /// The path of its remote over HTTP: `/git/NAME.git`.
    package var remotePath: String
    package var branches: [Branch]

    package init(
        name: String,
        account: String,
        path: String,
        remotePath: String,
        branches: [Branch]
    ) {
        self.name = name
        self.account = account
        self.path = path
        self.remotePath = remotePath
        self.branches = branches
    }

    /// What of a branch is served.
    package struct Branch: Sendable, Hashable, Codable {
        package var name: String
        package var commit: String
        /// Since 1970 UTC.
        package var deployedAtMicros: Int64

        package init(name: String, commit: String, deployedAtMicros: Int64) {
            self.name = name
            self.commit = commit
            self.deployedAtMicros = deployedAtMicros
        }
    }
}
