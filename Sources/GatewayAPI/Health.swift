/// The answer to `GET /healthz` and `GET /readyz`.
package struct Health: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case ok
        /// Not yet, or no longer, taking invocations; answered with 503.
        case starting
        case draining
    }

    package var state: State
    /// Of the gateway.
    package var version: String

    package init(state: State, version: String) {
        self.state = state
        self.version = version
    }
}
