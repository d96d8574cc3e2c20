/// The answer to `GET /v1/queues/NAME/dead`: oldest first.
package struct DeadLetterList: Sendable, Hashable, Codable {
    package var letters: [DeadLetter]
    /// Whether there are more than were asked for.
    package var more: Bool

    package init(letters: [DeadLetter], more: Bool) {
        self.letters = letters
        self.more = more
    }
}

/// A message that is tried no more, with the reason.
package struct DeadLetter: Sendable, Hashable, Codable {
    /// What ended the last attempt.
    package struct Reason: Sendable, Hashable, Codable {
        /// As in `Problem`.
        package var code: String
        package var detail: String

        package init(code: String, detail: String) {
            self.code = code
            self.detail = detail
        }
    }

    /// How much of a message its preview shows.
    package static let previewBytesMax = 200

    package var id: String
    /// Where it came from, and goes when it is redriven.
    package var queue: String
    package var function: String?
    /// Since 1970 UTC.
    package var enqueuedAtMicros: Int64
    package var diedAtMicros: Int64
    package var attempts: Int
    package var reason: Reason
    package var contentType: String
    /// Of the message's body.
    package var bytes: Int
    /// The body's beginning as text.
    package var preview: String

    package init(
        id: String,
        queue: String,
        function: String?,
        enqueuedAtMicros: Int64,
        diedAtMicros: Int64,
        attempts: Int,
        reason: Reason,
        contentType: String,
        bytes: Int,
        preview: String
    ) {
        self.id = id
        self.queue = queue
        self.function = function
        self.enqueuedAtMicros = enqueuedAtMicros
        self.diedAtMicros = diedAtMicros
        self.attempts = attempts
        self.reason = reason
        self.contentType = contentType
        self.bytes = bytes
        self.preview = preview
    }
}
