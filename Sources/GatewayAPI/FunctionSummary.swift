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
        deployedAtMicros: Int64,
        state: FunctionState,
        pool: PoolCounts,
        url: String
    ) {
        self.name = name
        self.revision = revision
        self.account = account
        self.deployedAtMicros = deployedAtMicros
        self.state = state
        self.pool = pool
        self.url = url
    }
}
