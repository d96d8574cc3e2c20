package import Functions
package import Packaging

extension GitRepository {
    /// The commit that a branch is at; nil when there is no such branch.
    package func tip(of branch: String) throws(GitDeployError) -> ObjectID? {
        let reference = "refs/heads/\(branch)"
        guard let answer = try find(["rev-parse", "--verify", "--quiet", reference]) else {
            return nil
        }
        return ObjectID(Self.line(answer))
    }

    /// Every branch with its commit, by name.
    package func branches() throws(GitDeployError) -> [(name: String, commit: ObjectID)] {
        let format = "%(objectname) %(refname)"
        let answer = try run(["for-each-ref", "--format", format, "refs/heads/"])
        return answer.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard parts.count == 2, let id = ObjectID(String(decoding: parts[0], as: UTF8.self))
            else { return nil }
            let reference = String(decoding: parts[1], as: UTF8.self)
            return (String(reference.dropFirst("refs/heads/".count)), id)
        }
    }

    /// The reference that is checked out, in a repository with files; else what a clone checks out.
    func head() throws(GitDeployError) -> String? {
        try find(["symbolic-ref", "--quiet", "HEAD"]).map(Self.line)
    }

    /// Whether a push may not move the branch that is checked out.
    func refusesPushesToHead() throws(GitDeployError) -> Bool {
        let bare = try find(["config", "--type=bool", "core.bare"]).map(Self.line)
        guard bare != "true" else { return false }
        let answer = try find(["config", "receive.denyCurrentBranch"]).map(Self.line)
        return !["ignore", "warn", "updateInstead", "false"].contains(answer)
    }

    /// Everything in a commit's tree, folders too, in git's order.
    package func tree(_ commit: ObjectID) throws(GitDeployError) -> [TreeEntry] {
        try TreeEntry.read(
            try run(["ls-tree", "-r", "-t", "-z", "--full-tree", commit.description])
        )
    }

    /// The tree that a commit is of.
    func root(_ commit: ObjectID) throws(GitDeployError) -> ObjectID? {
        ObjectID(Self.line(try run(["rev-parse", "--verify", "\(commit)^{tree}"])))
    }

    /// Where revisions of this commit come from.
    package func origin(
        of commit: ObjectID,
        branch: String,
        deployedBy: String?
    ) throws(GitDeployError) -> Origin {
        let format = "--format=%an <%ae>%n%s"
        let answer = try run(["show", "--no-patch", "--no-show-signature", format, "\(commit)"])
        let lines = String(decoding: answer, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let limit = GitLimits.textLengthMax
        return Origin(
            repository: name,
            branch: branch,
            commit: commit.description,
            author: lines.first.map { String($0.prefix(limit)) },
            subject: lines.dropFirst().first.map { String($0.prefix(limit)) },
            deployedBy: deployedBy
        )
    }

    /// Whether a branch is not deployed, by what its commit says.
    ///
    /// - Throws: ``PackagingError`` with the faults of `faas.yaml`; ``GitDeployError``.
    package func ignores(_ branch: String, at commit: ObjectID) throws -> Bool {
        try settings(in: tree(commit)).environment(of: branch) == .ignored
    }

    /// What `faas.yaml` at the root of a tree says; the defaults where there is none.
    ///
    /// - Throws: ``PackagingError`` with the file's faults; ``GitDeployError``.
    package func settings(in tree: [TreeEntry]) throws -> RepositorySettings {
        let name = RepositorySettings.fileName
        guard let entry = tree.first(where: { $0.path == name }) else {
            return RepositorySettings()
        }
        guard case .file = entry.kind else {
            throw GitDeployError(.treeRefused, "\(name) is not a file")
        }
        let reader = try ObjectReader(self)
        return try RepositorySettings.read(
            try reader.contents(of: entry.id, bytesMax: GitLimits.settingsBytesMax, name: name)
        )
    }
}
