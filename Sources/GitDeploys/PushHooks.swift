import Functions
import GatewayAPI
import GatewayClient
import Packaging

/// What git's hooks do: `pre-receive` decides whether a push is taken, and `post-receive` has it
/// served.
package struct PushHooks {
    let push: BranchPush
    private let records: PushRecords

    package init(_ push: BranchPush) {
        self.push = push
        records = PushRecords(repositoryFolder: push.repository.folder)
    }

    /// Returns when the push may be taken.
    ///
    /// What is prepared waits at the gateway for `post-receive`. Of several branches only the last
    /// one can wait, as one push of a repository is open at a time; the others are only tried.
    ///
    /// - Throws: the reason to refuse it.
    package func preReceive(_ updates: [RefUpdate]) throws {
        let branches = updates.filter { $0.branch != nil }
        for update in branches where update.new == nil { try checkRemoval(update) }
        let changed = try branches.filter { try $0.new != nil && !isRefusedByGit($0) }
        for (index, update) in changed.enumerated() {
            guard let branch = update.branch, let commit = update.new,
                let prepared = try push.prepare(
                    branch: branch,
                    commit: commit,
                    check: { try checkOld(update, branch) }
                )
            else { continue }
            guard index == changed.count - 1 else {
                push.drop(prepared.id)
                continue
            }
            do {
                try records.leave(prepared)
                if push.client.isCancelled() { throw GitDeployError(.cancelled, "stopped") }
            } catch {
                push.drop(prepared.id)
                throw error
            }
        }
    }

    /// Has what was pushed served.
    ///
    /// - Throws: why it does not serve; ``GitDeployError`` etc. The push itself is taken by then.
    package func postReceive(_ updates: [RefUpdate]) throws {
        var failure: (any Error)?
        var rest: [(branch: String, commit: ObjectID?)] = []
        func attempt(_ work: () throws -> Void) {
            do { try work() } catch { failure = failure ?? error }
        }
        // What waits at the gateway goes first: the others cannot begin before.
        for update in updates {
            guard let branch = update.branch else { continue }
            guard let commit = update.new,
                let prepared = records.take(branch: branch, commit: commit)
            else {
                rest.append((branch, update.new))
                continue
            }
            attempt {
                if try !push.apply(prepared) { rest.append((branch, commit)) }
            }
        }
        for (branch, commit) in rest {
            attempt {
                guard let commit else { return try push.remove(branch: branch) }
                try prepareAndApply(branch, commit)
            }
        }
        if let failure { throw failure }
    }

    /// Brings what serves to what the branches of the repository say; all of them, or one.
    package func sync(branch only: String?) throws {
        let tips = try push.repository.branches().filter { only == nil || $0.name == only }
        for tip in tips { try prepareAndApply(tip.name, tip.commit) }
        let origins = try push.client.functions().map(\.origin)
            .filter { $0.repository == push.repository.name }
        let gone = Set(origins.compactMap(\.branch)).subtracting(tips.map(\.name))
            .filter { only == nil || $0 == only }
        for branch in gone.sorted() { try push.remove(branch: branch) }
        guard let only, tips.isEmpty, gone.isEmpty else { return }
        // It may have been served without any function.
        try push.forget(branch: only)
        throw GitDeployError(
            .repositoryInvalid,
            "\(push.repository.folder) has no branch \(only)"
        )
    }

    private func prepareAndApply(_ branch: String, _ commit: ObjectID) throws {
        guard let prepared = try push.prepare(branch: branch, commit: commit) else { return }
        guard try push.apply(prepared) else {
            throw GitDeployError(
                .pushRefused,
                "the gateway does not know the push any more",
                advice: "was it stopped meanwhile?"
            )
        }
    }

    /// git will refuse it by itself, once this hook has ended: a branch that is checked out.
    private func isRefusedByGit(_ update: RefUpdate) throws(GitDeployError) -> Bool {
        // Those that the gateway made are bare.
        guard push.repository.settings["account"] == nil,
            try push.repository.head() == update.reference
        else { return false }
        return try push.repository.refusesPushesToHead()
    }

    /// While this push waited, another may have moved the branch.
    private func checkOld(_ update: RefUpdate, _ branch: String) throws(GitDeployError) {
        guard try push.repository.tip(of: branch) != update.old else { return }
        throw GitDeployError(
            .branchMoved,
            "another push of \(branch) came first",
            advice: "fetch, and push again"
        )
    }

    /// A branch whose functions are in production is not deleted by a slip.
    private func checkRemoval(_ update: RefUpdate) throws {
        guard let branch = update.branch, let old = update.old else { return }
        let settings = try push.repository.settings(in: try push.repository.tree(old))
        guard settings.environment(of: branch) == .production else { return }
        let names = try push.serving(branch, at: old)
        guard let first = names.first else { return }
        throw GitDeployError(
            .pushRefused,
            "\(branch) is in production: \(names.map(\.description).joined(separator: ", ")) "
                + "would go with it",
            advice: "remove the functions first, as with `faas remove \(first)`"
        )
    }
}
