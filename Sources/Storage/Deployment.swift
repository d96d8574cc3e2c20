package import Functions

/// A revision that was deployed, what was learned about it then, and where it came from.
package struct Deployment: Sendable, Hashable {
    package let revision: Revision
    package let report: LoadReport
    package let origin: Origin
    /// Whether it can be served again: its bundle is still there.
    package let isKept: Bool

    package init(
        revision: Revision,
        report: LoadReport,
        origin: Origin = Origin(),
        isKept: Bool = true
    ) {
        self.revision = revision
        self.report = report
        self.origin = origin
        self.isKept = isKept
    }
}

/// A function in service.
package struct ServedFunction: Sendable, Hashable {
    /// The one that others are measured by.
    package let current: Deployment
    package let traffic: Traffic

    package init(current: Deployment, traffic: Traffic) {
        self.current = current
        self.traffic = traffic
    }
}

/// What changes together or not at all.
package struct Release: Sendable {
    /// A new revision, and how its function's traffic is divided from then on.
    package struct Part: Sendable {
        package var deployment: Deployment
        package var traffic: Traffic

        package init(_ deployment: Deployment, traffic: Traffic) {
            self.deployment = deployment
            self.traffic = traffic
        }
    }

    package var parts: [Part]
    /// Functions to take out of service.
    package var removals: [FunctionName]
    /// What of a repository's branch is served from then on; nil when no push is behind it.
    package var commit: ServedCommit?
    /// Microseconds since 1970 UTC.
    package var atMicros: Int64

    package init(
        parts: [Part],
        removals: [FunctionName] = [],
        commit: ServedCommit? = nil,
        atMicros: Int64
    ) {
        self.parts = parts
        self.removals = removals
        self.commit = commit
        self.atMicros = atMicros
    }
}

/// The commit of a branch that was deployed last; none when the branch is gone.
package struct ServedCommit: Sendable, Hashable {
    /// Whose pushes it came by: accounts may name their repositories alike.
    package var account: Account
    package var repository: String
    package var branch: String
    package var commit: String?
    /// Microseconds since 1970 UTC.
    package var atMicros: Int64

    package init(
        account: Account,
        repository: String,
        branch: String,
        commit: String?,
        atMicros: Int64
    ) {
        self.account = account
        self.repository = repository
        self.branch = branch
        self.commit = commit
        self.atMicros = atMicros
    }
}
