import GatewayAPI
package import GitDeploys

/// What a branch serves after a synchronisation, for programs to read.
package struct SyncedBranch: Sendable, Encodable {
    package var branch: String
    /// Nil for a branch that is gone.
    package var commit: String?
    /// Functions that were deployed, by the names they serve under.
    package var changed: [String] = []
    /// Functions that served already.
    package var unchanged: [String] = []
    /// Functions that went out of service.
    package var removed: [String] = []

    /// Nil for an event that is not a branch's last.
    package init?(_ event: PushEvent) {
        switch event {
        case .served(let push, let result, _):
            branch = push.branch
            commit = push.commit.description
            changed = push.changed
            unchanged = push.unchanged
            removed = result.removed
        case .removed(let branch, let names):
            self.branch = branch
            removed = names
        case .waiting, .began, .note, .sending, .step, .prepared, .failed: return nil
        }
    }
}
