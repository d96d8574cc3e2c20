package import Functions
package import GatewayAPI

/// What to send to a queue: one message, or a batch by its content type.
package struct QueueMessage: Sendable {
    package var body: RequestBody
    package var contentType: String
    /// Messages of one group are delivered in their order, one at a time.
    package var group: String?
    /// How long it stays back.
    package var delay: TimeSpan?
    /// A message whose mark was seen before is not enqueued again.
    package var deduplicationID: String?

    package init(
        body: RequestBody,
        contentType: String,
        group: String? = nil,
        delay: TimeSpan? = nil,
        deduplicationID: String? = nil
    ) {
        self.body = body
        self.contentType = contentType
        self.group = group
        self.delay = delay
        self.deduplicationID = deduplicationID
    }

    var fields: [(name: String, value: String)] {
        var fields = [(name: "Content-Type", value: contentType)]
        if let group { fields.append((HeaderName.group, group)) }
        if let delay { fields.append((HeaderName.delay, delay.description)) }
        if let deduplicationID { fields.append((HeaderName.deduplicationID, deduplicationID)) }
        return fields
    }
}

extension GatewayClient {
    /// All queues that the caller may see, by name.
    package func queues() throws(ClientError) -> [QueueReport] {
        try get(Routes.queues, as: QueueList.self).queues
    }

    /// Throws `refused` with the code `queueNotFound` when there is none.
    package func queue(_ name: QueueName) throws(ClientError) -> QueueReport {
        try get(Routes.queue(name), as: QueueReport.self)
    }

    /// Enqueues; what was sent is durable when this returns.
    ///
    /// When it throws `connectionLost` or `timedOut`, it may or may not be. `connection` is for
    /// those who send many.
    package func send(
        _ message: QueueMessage,
        to name: QueueName,
        over connection: Connection? = nil
    ) throws(ClientError) -> SendReceipt {
        let request = Request(
            method: "POST",
            path: Routes.queueMessages(name),
            fields: message.fields,
            body: message.body,
            timeoutMillis: configuration.requestTimeoutMillis
        )
        return try decode(SendReceipt.self, try collect(request, over: connection))
    }

    /// The dead letters of a queue, oldest first.
    package func deadLetters(
        of name: QueueName,
        limit: Int = DeadQuery.limitDefault
    ) throws(ClientError) -> DeadLetterList {
        let query = DeadQuery(limit: limit)
        return try get(Routes.dead(name), parameters: query.parameters, as: DeadLetterList.self)
    }

    /// Moves the dead letters of a queue back to where they came from.
    package func redrive(_ name: QueueName) throws(ClientError) -> QueueChange {
        try change(Routes.redrive(name))
    }

    /// Deletes what waits in a queue, or its dead letters.
    package func purge(_ name: QueueName, dead: Bool = false) throws(ClientError) -> QueueChange {
        try change(Routes.purge(name), parameters: PurgeQuery(dead: dead).parameters)
    }

    /// Throws `refused` with the code `queueInUse` unless it is empty and no function names it.
    package func removeQueue(_ name: QueueName) throws(ClientError) {
        try delete(Routes.queue(name))
    }

    private func change(
        _ path: String,
        parameters: [(name: String, value: String)] = []
    ) throws(ClientError) -> QueueChange {
        let request = Request(
            method: "POST",
            path: Request.path(path, parameters: parameters),
            body: .bytes([]),
            timeoutMillis: configuration.requestTimeoutMillis
        )
        return try decode(QueueChange.self, try collect(request))
    }
}
