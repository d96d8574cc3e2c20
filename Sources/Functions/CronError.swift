/// Why a text is no cron expression.
package struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The field that is wrong; nil when it is the expression as a whole.
    package let field: CronField?
    /// Goes on after what holds the expression: `has '61' as its minute, which is too much`.
    package let problem: String
    /// What may stand there instead.
    package let allowed: String
    /// The part that is wrong, as it was written.
    package let found: String
    /// The words that it may be a slip of; empty when words do not fit there.
    package let words: [String]

    init(
        _ problem: String,
        field: CronField? = nil,
        allowed: String,
        found: String = "",
        words: [String] = []
    ) {
        self.field = field
        self.problem = problem
        self.allowed = allowed
        self.found = found
        self.words = words
    }

    package var description: String { "the cron expression \(problem); allowed: \(allowed)" }
}
