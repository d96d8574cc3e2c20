import Functions
package import GatewayAPI
package import GatewayClient

/// What the command line says of each line's message, and the body that says so to the gateway.
package struct LineMarks: Sendable {
    /// A line's deduplication id is this and its number.
    package var id: String?
    package var group: String?
    package var delay: TimeSpan?

    package init(id: String? = nil, group: String? = nil, delay: TimeSpan? = nil) {
        self.id = id
        self.group = group
        self.delay = delay
    }

    /// As on the command line.
    package var words: [String] {
        let options = [("--id", id), ("--group", group), ("--delay", delay?.description)]
        return options.flatMap { option, value in value.map { [option, $0] } ?? [] }
    }

    /// One batch as a request.
    ///
    /// Throws a failure that names the line when an id is wanted and a line is not JSON; without
    /// one the gateway looks.
    package func message(_ batch: LineBatch) throws(CommandFailure) -> QueueMessage {
        guard let id else {
            return QueueMessage(
                body: .bytes(batch.bytes),
                contentType: MediaType.lines,
                group: group,
                delay: delay
            )
        }
        var body: [UInt8] = [UInt8(ascii: "[")]
        body.reserveCapacity(batch.bytes.count + batch.numbers.count * 64)
        let lines = batch.bytes.split(separator: UInt8(ascii: "\n"))
        for (number, line) in zip(batch.numbers, lines) {
            guard (try? JSONCoding.decode(RawJSON.self, from: line)) != nil else {
                throw CommandFailure(.refused, "line \(number) is not JSON")
            }
            if body.count > 1 { body.append(UInt8(ascii: ",")) }
            body.append(contentsOf: "{\"body\":".utf8)
            body.append(contentsOf: line)
            body.append(contentsOf: members(id: "\(id):\(number)").utf8)
        }
        body.append(UInt8(ascii: "]"))
        return QueueMessage(body: .bytes(body), contentType: MediaType.messageBatch)
    }

    /// What stands behind a line in its object, and the object's end.
    private func members(id: String) -> String {
        let group = group.map { ",\"group\":\(InputItem.quoted($0))" } ?? ""
        let delay = delay.map { ",\"delayMillis\":\($0.millis)" } ?? ""
        return ",\"deduplicationId\":\(InputItem.quoted(id))\(group)\(delay)}"
    }
}
