/// The answer to `POST /v1/queues/NAME/messages`: all of them are durable.
package struct SendReceipt: Sendable, Hashable, Codable {
    /// In the order sent; a duplicate has the id of the message that came first.
    package var ids: [String]
    /// How many of `ids` were there already.
    package var duplicates: Int

    package init(ids: [String], duplicates: Int) {
        self.ids = ids
        self.duplicates = duplicates
    }
}

/// The answer to what moves or removes a queue's messages.
package struct QueueChange: Sendable, Hashable, Codable {
    /// Dead letters that are waiting again.
    package var moved: Int
    /// Messages deleted.
    package var removed: Int

    package init(moved: Int = 0, removed: Int = 0) {
        self.moved = moved
        self.removed = removed
    }
}

/// The answer to `POST /async-function/NAME`: the event is durable.
package struct CallReceipt: Sendable, Hashable, Codable {
    /// The invocation's, the same over all its attempts.
    package var id: String

    package init(id: String) { self.id = id }
}
