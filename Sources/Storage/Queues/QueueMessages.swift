package import Functions

/// What a queue is for; its text is kept in the file.
package enum QueueKind: String, Sendable, Hashable {
    /// A user's own.
    case queue
    /// One function's asynchronous invocations; named like the function.
    case async
    /// The ticks of one schedule; named `FUNCTION/SCHEDULE`.
    case schedule
}

/// Names a queue among all kinds.
package struct QueueKey: Sendable, Hashable {
    package var kind: QueueKind
    package var name: String

    package init(_ kind: QueueKind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

/// Where a message lies: its queue's number, and its own number in the queue.
package enum MessagePlace {
    /// Bits for a message's number in its queue.
    package static let bits = Int64(40)

    package static func queue(of place: Int64) -> Int64 { place >> bits }

    /// All places of a queue.
    package static func range(of queue: Int64) -> Range<Int64> {
        (queue << bits)..<((queue + 1) << bits)
    }
}

/// A message to be kept.
package struct NewMessage: Sendable {
    package var id: InvocationID
    /// Microseconds since 1970 UTC; nil: at once.
    package var dueAt: Int64?
    package var groupKey: String?
    package var callback: String?
    /// Lines `name: value`.
    package var headers: [UInt8]
    package var body: [UInt8]

    package init(
        id: InvocationID,
        dueAt: Int64? = nil,
        groupKey: String? = nil,
        callback: String? = nil,
        headers: [UInt8],
        body: [UInt8]
    ) {
        self.id = id
        self.dueAt = dueAt
        self.groupKey = groupKey
        self.callback = callback
        self.headers = headers
        self.body = body
    }
}

/// A message as it is kept.
package struct StoredMessage: Sendable {
    package var place: Int64
    package var id: InvocationID
    /// The last attempt that was noted; 0 before the first.
    package var attempt: Int32
    /// Attempts since it was enqueued or taken back from the dead letters.
    package var tries: Int
    package var dueAt: Int64?
    /// The attempt that ends the message, noted with its failure before its usage record was
    /// written; nil where there is none.
    package var verdict: Int32?
    package var groupKey: String?
    /// Of a dead letter: the number of the queue it died in.
    package var origin: Int64?
    package var diedAt: Int64?
    /// Why the last attempt failed.
    package var failure: MessageFailure?
    package var callback: String?
    package var headers: [UInt8]
    package var body: [UInt8]

    package init(
        place: Int64,
        id: InvocationID,
        attempt: Int32 = 0,
        tries: Int = 0,
        dueAt: Int64? = nil,
        verdict: Int32? = nil,
        groupKey: String? = nil,
        origin: Int64? = nil,
        diedAt: Int64? = nil,
        failure: MessageFailure? = nil,
        callback: String? = nil,
        headers: [UInt8],
        body: [UInt8]
    ) {
        self.place = place
        self.id = id
        self.attempt = attempt
        self.tries = tries
        self.dueAt = dueAt
        self.verdict = verdict
        self.groupKey = groupKey
        self.origin = origin
        self.diedAt = diedAt
        self.failure = failure
        self.callback = callback
        self.headers = headers
        self.body = body
    }
}

/// Why an attempt failed: a stable code, and words for a person.
package struct MessageFailure: Sendable, Hashable {
    package var code: String
    package var detail: String

    package init(code: String, detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// An answer that is kept, or is to be posted.
package struct KeptAnswer: Sendable {
    package var id: InvocationID
    package var function: String
    package var outcome: String
    package var status: Int
    package var headers: [UInt8]
    package var body: [UInt8]

    package init(
        id: InvocationID,
        function: String,
        outcome: String,
        status: Int,
        headers: [UInt8],
        body: [UInt8]
    ) {
        self.id = id
        self.function = function
        self.outcome = outcome
        self.status = status
        self.headers = headers
        self.body = body
    }

    package var bytes: Int { headers.count + body.count }
}

/// An answer on its way to a URL.
package struct StoredCallback: Sendable {
    package var answer: KeptAnswer
    package var url: String
    package var endedAt: Int64
    package var tries: Int

    package init(answer: KeptAnswer, url: String, endedAt: Int64, tries: Int) {
        self.answer = answer
        self.url = url
        self.endedAt = endedAt
        self.tries = tries
    }
}
