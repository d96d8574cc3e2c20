package import Functions

/// What became of the lines of a file that were sent to a queue.
package struct SendSummary: Sendable, Hashable, Encodable, CustomStringConvertible {
    package var queue: String
    /// Messages that are durable, those that were there already among them.
    package var sent = 0
    /// Those of them that were there already.
    package var duplicates = 0
    /// The line up to which all are durable, blank ones and those passed over among them: what
    /// `--skip` takes.
    package var lines: Int

    package init(queue: QueueName, skip: Int) {
        self.queue = queue.description
        lines = skip
    }

    package var description: String {
        let were = duplicates == 1 ? "was" : "were"
        let already =
            duplicates > 0 ? ", \(Units.count(Int64(duplicates))) \(were) there already" : ""
        return "\(Units.count(sent - duplicates, "message")) sent to \(queue)\(already)"
    }
}
