package import Functions

/// The body of `POST /v1/pushes`: several functions are to change together or not at all.
package struct PushOrder: Sendable, Hashable, Codable {
    /// Where they come from; one push of a repository is open at a time.
    package var origin: Origin

    package init(origin: Origin) { self.origin = origin }
}

/// The answer to `POST /v1/pushes`.
package struct PushTicket: Sendable, Hashable, Codable {
    /// For `PUT /v1/functions/NAME?push=ID` and the routes of the push.
    package var id: String
    /// A push that nobody asks anything of for so long is dropped, in milliseconds.
    package var idleMillisMax: Int

    package init(id: String, idleMillisMax: Int) {
        self.id = id
        self.idleMillisMax = idleMillisMax
    }
}

/// The body of `POST /v1/pushes/ID/apply`.
package struct PushApplication: Sendable, Hashable, Codable {
    /// Functions to take out of service with it; those that are not there are passed over.
    package var remove: [String]
    /// The branch whose commit is served from now on is gone.
    package var branchIsGone: Bool

    package init(remove: [String] = [], branchIsGone: Bool = false) {
        self.remove = remove
        self.branchIsGone = branchIsGone
    }
}

/// The answer to it: what serves now.
package struct PushResult: Sendable, Hashable, Codable {
    package var functions: [FunctionDescription]
    package var removed: [String]

    package init(functions: [FunctionDescription], removed: [String]) {
        self.functions = functions
        self.removed = removed
    }
}
