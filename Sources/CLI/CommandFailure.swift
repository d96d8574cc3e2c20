package import GatewayAPI
package import GatewayClient
package import Packaging

/// Why a command ends without having done its work.
package struct CommandFailure: Error, Sendable {
    /// The program's exit status.
    package enum Status: Int32, Sendable {
        case done = 0
        /// The platform or the function said no.
        case refused = 1
        case usage = 2
        /// Ctrl-C, as shells count it: 128 and the signal's number.
        case interrupted = 130
    }

    package var status: Status
    /// Nil when the reason was shown already.
    package var message: String?
    /// Lines under the message: each fault of a file.
    package var details: [String]
    package var advice: String?
    /// For programs: a `ProblemCode`, or what this program calls it.
    package var code: String
    /// What the gateway answered, where it said no.
    package var problem: Problem?

    package init(
        _ status: Status,
        _ message: String?,
        details: [String] = [],
        advice: String? = nil
    ) {
        self.status = status
        code = "\(status)"
        self.message = message
        self.details = details
        self.advice = advice
    }

    package init(_ error: ClientError) {
        let status: Status =
            switch error.code {
            case .cancelled: .interrupted
            case .urlInvalid: .usage
            default: .refused
            }
        let details = (error.problem?.errors ?? []).map { fault in
            let place = [fault.file, fault.line.map(String.init), fault.path].compactMap(\.self)
            let advice = fault.advice.map { " (\($0))" } ?? ""
            let prefix = place.isEmpty ? "" : place.joined(separator: ":") + ": "
            return "\(prefix)\(fault.message)\(advice)"
        }
        self.init(status, error.message, details: details, advice: error.advice)
        problem = error.problem
        code = error.problem?.code ?? error.code.rawValue
    }

    package init(_ error: PackagingError) {
        self.init(
            .refused,
            error.cause.map { "\(error.message): \($0)" } ?? error.message,
            details: error.faults.map(\.description),
            advice: error.faults.isEmpty ? nil : "correct the file and run the command again"
        )
        code = error.code.rawValue
    }
}

extension CommandFailure: Encodable {
    private enum CodingKeys: CodingKey {
        case code
        case message
        case details
        case advice
        case problem
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code, forKey: .code)
        try container.encodeIfPresent(message, forKey: .message)
        if !details.isEmpty { try container.encode(details, forKey: .details) }
        try container.encodeIfPresent(advice, forKey: .advice)
        try container.encodeIfPresent(problem, forKey: .problem)
    }
}
