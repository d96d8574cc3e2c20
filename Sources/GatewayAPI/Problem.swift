/// An answer that says what went wrong, as `application/problem+json` (RFC 9457).
package struct Problem: Error, Sendable, Hashable, Codable {
    /// A URI that names the kind of problem; `urn:faas:problem:` and the code.
    package var type: String
    /// The same for every problem of this code.
    package var title: String
    /// The HTTP status.
    package var status: Int
    /// What happened this time, for the person who must act.
    package var detail: String?
    /// Stable, for programs: one of `ProblemCode`, or one that a newer gateway added.
    package var code: String
    /// The invocation or the path that this is about.
    package var instance: String?
    /// When to try again, as in the header field `Retry-After`.
    package var retryAfterSeconds: Int?
    /// Each fault found in a manifest or an input; nil when there is nothing to list.
    package var errors: [Fault]?

    package init(
        _ code: ProblemCode,
        detail: String? = nil,
        instance: String? = nil,
        retryAfterSeconds: Int? = nil,
        errors: [Fault]? = nil
    ) {
        self.type = "urn:faas:problem:\(code.rawValue)"
        self.title = code.title
        self.status = code.status
        self.detail = detail
        self.code = code.rawValue
        self.instance = instance
        self.retryAfterSeconds = retryAfterSeconds
        self.errors = errors
    }

    /// Nil for a code that this program does not know.
    package var knownCode: ProblemCode? { ProblemCode(rawValue: code) }
}

extension Problem {
    /// One fault, at its place.
    package struct Fault: Sendable, Hashable, Codable {
        package var message: String
        /// Within the function folder, such as `function.yaml`.
        package var file: String?
        /// Counts from 1.
        package var line: Int?
        /// Where in a JSON input, such as `$.glucose`.
        package var path: String?
        /// What to write instead, such as the nearest valid word.
        package var advice: String?

        package init(
            message: String,
            file: String? = nil,
            line: Int? = nil,
            path: String? = nil,
            advice: String? = nil
        ) {
            self.message = message
            self.file = file
            self.line = line
            self.path = path
            self.advice = advice
        }
    }
}
