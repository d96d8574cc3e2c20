/// The query parameters of `GET /v1/functions/NAME/logs`.
package struct LogQuery: Sendable, Hashable {
    /// How many of the newest lines to begin with at most, when nothing is said.
    package static let tailDefault = 100
    /// How many of the newest lines may be asked for.
    package static let tailMax = 10_000

    package var tail: Int
    /// Whether the answer goes on with new lines until the client leaves.
    package var follow: Bool
    /// Only lines from this instant on.
    package var since: Timestamp?
    /// Only lines of this invocation.
    package var invocation: String?

    package init(
        tail: Int = LogQuery.tailDefault,
        follow: Bool = false,
        since: Timestamp? = nil,
        invocation: String? = nil
    ) {
        self.tail = tail
        self.follow = follow
        self.since = since
        self.invocation = invocation
    }

    /// Reads decoded query parameters; throws a `queryInvalid` that names the parameter.
    package init(parameters: [String: String]) throws(Problem) {
        var reader = ParameterReader(parameters)
        self.init(
            tail: try reader.integer("tail", in: 0...Self.tailMax) ?? Self.tailDefault,
            follow: try reader.bool("follow") ?? false,
            since: try reader.timestamp("since"),
            invocation: reader.text("invocation")
        )
        try reader.finish()
    }

    /// What to send, before percent-encoding; defaults are left out.
    package var parameters: [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        if tail != Self.tailDefault { parameters.append(("tail", String(tail))) }
        if follow { parameters.append(("follow", "true")) }
        if let since { parameters.append(("since", since.description)) }
        if let invocation { parameters.append(("invocation", invocation)) }
        return parameters
    }
}
