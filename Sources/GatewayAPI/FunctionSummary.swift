package import Functions

/// The answer to `GET /v1/functions`.
package struct FunctionList: Sendable, Hashable, Codable {
    package var functions: [FunctionSummary]

    package init(functions: [FunctionSummary]) { self.functions = functions }
}

/// One function in a list: its serving revision and what that has in memory.
package struct FunctionSummary: Sendable, Hashable, Codable {
    package var name: String
    /// `NAME-NUMBER`.
    package var revision: String
    package var account: String
    /// SHA-256 of the bundle that was deployed last: a revision's that takes traffic, or is to.
    package var digest: String
    /// Where that came from.
    package var origin: Origin
    /// The last new revision that was taken off the traffic because it was worse.
    package var fallback: Traffic.Fallback?
    /// Since 1970 UTC.
    package var deployedAtMicros: Int64
    package var state: FunctionState
    package var pool: PoolCounts
    /// Where to `POST` an input.
    package var url: String

    package init(
        name: String,
        revision: String,
        account: String,
        digest: String,
        origin: Origin,
        fallback: Traffic.Fallback? = nil,
        deployedAtMicros: Int64,
        state: FunctionState,
        pool: PoolCounts,
        url: String
    ) {
        self.name = name
        self.revision = revision
        self.account = account
        self.digest = digest
        self.origin = origin
        self.fallback = fallback
        self.deployedAtMicros = deployedAtMicros
        self.state = state
        self.pool = pool
        self.url = url
    }
}
