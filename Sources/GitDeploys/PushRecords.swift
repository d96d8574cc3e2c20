import GatewayAPI
import Glibc

/// What `pre-receive` leaves for `post-receive`: the push that is prepared, by its commit.
package struct PushRecords: Sendable {
    private let folder: String
    private static let bytesMax = 1 << 20

    /// Of the repository whose own folder is `repositoryFolder`.
    package init(repositoryFolder: String) { folder = "\(repositoryFolder)/faas/pushes" }

    /// Only one push of a repository is open at a time: what others left is of no use any more.
    ///
    /// - Throws: `fileSystem`.
    package func leave(_ push: PreparedPush) throws(GitDeployError) {
        Workplace.remove(folder)
        guard let bytes = try? JSONCoding.encode(push) else {
            throw GitDeployError(.fileSystem, "the push cannot be written as JSON")
        }
        try SmallFile.write(bytes, to: path(push.commit))
    }

    /// Takes what was left for a branch at a commit; nil when there is none.
    package func take(branch: String, commit: ObjectID) -> PreparedPush? {
        guard let bytes = SmallFile.contents(of: path(commit), bytesMax: Self.bytesMax),
            let push = try? JSONCoding.decode(PreparedPush.self, from: bytes),
            push.branch == branch, push.commit == commit
        else { return nil }
        unlink(path(commit))
        return push
    }

    private func path(_ commit: ObjectID) -> String { "\(folder)/\(commit)" }
}
