package import GatewayAPI

/// Why the gateway did not do what it was asked.
package struct ClientError: Error, Sendable {
    package enum Code: String, Sendable, Hashable {
        /// `FAAS_URL` is no URL of a gateway.
        case urlInvalid
        /// Nothing answers at that URL.
        case unreachable
        case timedOut
        /// The connection ended before the answer did.
        case connectionLost
        /// Whoever called asked to stop.
        case cancelled
        /// The gateway said no; `problem` says why.
        case refused
        /// What answered does not speak this API.
        case answerInvalid
        /// The answer is over the limit of what the client holds in memory.
        case answerTooLarge
        /// The input could not be read.
        case inputUnreadable
    }

    package var code: Code
    /// One sentence for the person who must act.
    package var message: String
    /// What to do about it; nil when there is nothing to suggest.
    package var advice: String?
    /// What the gateway answered, for `refused`.
    package var problem: Problem?
    /// The invocation this is about, where one was begun.
    package var invocationID: String?
    /// The answer's head, where it had come before the exchange broke off.
    package var head: ResponseHead?

    package init(
        _ code: Code,
        _ message: String,
        advice: String? = nil,
        problem: Problem? = nil,
        invocationID: String? = nil
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.problem = problem
        self.invocationID = invocationID
    }

    /// The gateway's own words, and advice that goes with its code.
    package init(problem: Problem, invocationID: String? = nil) {
        self.init(
            .refused,
            problem.detail ?? problem.title,
            advice: problem.advice(invocationID: invocationID),
            problem: problem,
            invocationID: invocationID
        )
    }
}
