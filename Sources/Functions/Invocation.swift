/// How an invocation got its instance.
package enum StartKind: String, Sendable, CaseIterable, Codable {
    /// An idle instance was there.
    case warm
    /// An instance was forked from a zygote that was there.
    case fork
    /// An instance whose GPU memory was parked was woken.
    case resume
    /// The sandbox was made and the model loaded from disk.
    case cold
}

/// How an invocation ended.
package enum Outcome: String, Sendable, CaseIterable, Codable {
    /// The handler answered; that includes an answer that refuses the input.
    case completed
    /// The handler raised, or its instance died.
    case failed
    /// The deadline passed first.
    case timedOut
    /// The client went away first.
    case cancelled
    /// It never reached an instance, so it has no usage record.
    case rejected
}

/// What turned an event into an invocation; its text is the ledger's column `trigger`.
package enum Trigger: Hashable, Sendable, CustomStringConvertible {
    case http
    case async
    case queue(String)
    case schedule(String)
    case probe

    package var description: String {
        switch self {
        case .http: "http"
        case .async: "async"
        case .queue(let name): "queue:\(name)"
        case .schedule(let name): "schedule:\(name)"
        case .probe: "probe"
        }
    }
}

/// Who is billed.
package struct Account: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ name: String) { description = name }

    /// Owns what is deployed and invoked without an API key.
    package static let local = Account("local")
}
