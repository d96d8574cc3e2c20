/// One thing that was looked at on a host, and what to do about it.
package struct NodeCheck: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case ok
        /// Works, with less than there could be.
        case warning
        /// Functions cannot be served until it is put right.
        case failed
    }

    package var name: String
    package var state: State
    /// What was found.
    package var message: String
    /// What to do; nil when there is nothing to do.
    package var advice: String?

    package init(name: String, state: State, message: String, advice: String? = nil) {
        self.name = name
        self.state = state
        self.message = message
        self.advice = advice
    }
}
