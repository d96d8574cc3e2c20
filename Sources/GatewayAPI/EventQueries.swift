/// The query parameters of `GET /v1/invocations/ID` and of its result.
package struct WaitQuery: Sendable, Hashable {
    /// The longest that one request waits; a client asks again.
    package static let waitMillisMax: Int64 = 60_000

    /// How long to wait for the invocation's end; 0 answers at once.
    package var waitMillis: Int64

    package init(waitMillis: Int64 = 0) { self.waitMillis = waitMillis }

    /// Reads decoded query parameters; throws a `queryInvalid` that names the parameter.
    package init(parameters: [String: String]) throws(Problem) {
        var reader = ParameterReader(parameters)
        let limit = TimeSpan(millis: Self.waitMillisMax)
        self.init(waitMillis: try reader.span("wait", upTo: limit)?.millis ?? 0)
        try reader.finish()
    }

    /// What to send, before percent-encoding; defaults are left out.
    package var parameters: [(name: String, value: String)] {
        waitMillis == 0 ? [] : [("wait", TimeSpan(millis: waitMillis).description)]
    }
}

/// The query parameters of `GET /v1/queues/NAME/dead`.
package struct DeadQuery: Sendable, Hashable {
    package static let limitDefault = 100
    package static let limitMax = 10_000

    /// How many dead letters to list at most.
    package var limit: Int

    package init(limit: Int = DeadQuery.limitDefault) { self.limit = limit }

    /// Reads decoded query parameters; throws a `queryInvalid` that names the parameter.
    package init(parameters: [String: String]) throws(Problem) {
        var reader = ParameterReader(parameters)
        self.init(
            limit: try reader.integer("limit", in: 1...Self.limitMax) ?? Self.limitDefault
        )
        try reader.finish()
    }

    /// What to send, before percent-encoding; defaults are left out.
    package var parameters: [(name: String, value: String)] {
        limit == Self.limitDefault ? [] : [("limit", String(limit))]
    }
}

/// The query parameters of `POST /v1/queues/NAME/purge`.
package struct PurgeQuery: Sendable, Hashable {
    /// Whether it is the dead letters that are deleted, and not what waits.
    package var dead: Bool

    package init(dead: Bool = false) { self.dead = dead }

    /// Reads decoded query parameters; throws a `queryInvalid` that names the parameter.
    package init(parameters: [String: String]) throws(Problem) {
        var reader = ParameterReader(parameters)
        self.init(dead: try reader.bool("dead") ?? false)
        try reader.finish()
    }

    /// What to send, before percent-encoding; defaults are left out.
    package var parameters: [(name: String, value: String)] { dead ? [("dead", "true")] : [] }
}
