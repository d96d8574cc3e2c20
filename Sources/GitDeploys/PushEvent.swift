package import Functions
package import GatewayAPI
import GatewayClient

/// What happens in a push, for who shows it.
package enum PushEvent: Sendable {
    /// Another push of the repository is open; said once.
    case waiting(reason: String)
    /// What the branch's new commit changes is known.
    case began(PushOutline)
    case note(String)
    /// A function that is sent now.
    case sending(FunctionName, byteCount: Int)
    /// The gateway's next word on it.
    case step(FunctionName, DeployEvent)
    case prepared(FunctionName, DeployEvent)
    case failed(PushFailure)
    /// All serve; `millis` since the push began.
    case served(PreparedPush, PushResult, millis: Int64)
    case removed(branch: String, [String])
}

/// What a push is about to do.
package struct PushOutline: Sendable, Hashable {
    package let branch: String
    package let commit: ObjectID
    package let subject: String?
    package let isPreview: Bool
    package let changed: [FunctionName]
    package let unchanged: [FunctionName]
    package let removed: [FunctionName]
    /// Folders that no function can be made of.
    package let refused: [String]
}

/// Why one function, or a whole branch, is refused.
package struct PushFailure: Sendable, Hashable {
    /// The function's name or folder; nil where it is about no function.
    package let subject: String?
    package let message: String
    package let details: [String]
    package let advice: String?

    package init(subject: String?, message: String, details: [String] = [], advice: String? = nil) {
        self.subject = subject
        self.message = message
        self.details = details
        self.advice = advice
    }

    /// Of what any module throws.
    package init(subject: String?, _ error: any Error) {
        switch error {
        case let error as GitDeployError:
            self.init(
                subject: subject,
                message: error.message,
                details: error.details,
                advice: error.advice
            )
        case let error as ClientError:
            // What an installer or a handler wrote comes in lines.
            let lines = error.message.split(separator: "\n", omittingEmptySubsequences: false)
                .map(String.init)
            let faults = (error.problem?.errors ?? []).map { fault in
                let place = [fault.file, fault.line.map(String.init), fault.path]
                    .compactMap(\.self).joined(separator: ":")
                return place.isEmpty ? fault.message : "\(place): \(fault.message)"
            }
            self.init(
                subject: subject,
                message: lines.first ?? "",
                details: lines.dropFirst() + faults,
                advice: error.advice
            )
        default: self.init(subject: subject, message: "\(error)")
        }
    }
}

/// A push whose functions wait to take traffic.
package struct PreparedPush: Sendable, Hashable, Codable {
    /// The gateway's name of it.
    package var id: String
    package var branch: String
    package var commit: ObjectID
    /// Functions of the commit that were changed, and that were not, by the names they serve under.
    package var changed: [String]
    package var unchanged: [String]
    package var remove: [String]
    /// When the push began, in microseconds since 1970 UTC.
    package var beganAtMicros: Int64

    package init(
        id: String,
        branch: String,
        commit: ObjectID,
        changed: [String],
        unchanged: [String],
        remove: [String],
        beganAtMicros: Int64
    ) {
        self.id = id
        self.branch = branch
        self.commit = commit
        self.changed = changed
        self.unchanged = unchanged
        self.remove = remove
        self.beganAtMicros = beganAtMicros
    }
}
