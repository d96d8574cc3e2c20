package import Functions

// Kept results.
extension QueueConnection {
    /// Keeps an answer; one that is not final is not shown yet.
    package func keep(
        _ answer: KeptAnswer,
        isFinal: Bool,
        untilMicros: Int64
    ) throws(StorageError) {
        try statements.keepResult.run {
            $0.bind(1, answer.id)
            $0.bind(2, answer.function)
            $0.bind(3, isFinal ? 1 : 0)
            $0.bind(4, answer.outcome)
            $0.bind(5, Int64(answer.status))
            $0.bind(6, answer.headers)
            $0.bind(7, answer.body)
            $0.bind(8, Int64(answer.bytes))
            $0.bind(9, untilMicros)
        }
    }

    package func finishResult(of id: InvocationID) throws(StorageError) {
        try statements.finishResult.run { $0.bind(1, id) }
    }

    package func resultBytes() throws(StorageError) -> Int {
        Int(try statements.resultBytes.integer() ?? 0)
    }

    /// Drops the result that would be dropped first anyway.
    /// - Returns: its size; nil when there is none.
    package func dropOldestResult() throws(StorageError) -> Int? {
        var oldest: (id: InvocationID, bytes: Int)?
        try statements.oldestResult.rows { oldest = (id: $0.id(0), bytes: Int($0.integer(1))) }
        guard let oldest else { return nil }
        try statements.dropResult.run { $0.bind(1, oldest.id) }
        return oldest.bytes
    }
}

// Answers on their way.
extension QueueConnection {
    package func addCallback(
        _ answer: KeptAnswer,
        url: String,
        endedAt: Int64
    ) throws(StorageError) {
        try statements.addCallback.run {
            $0.bind(1, answer.id)
            $0.bind(2, answer.function)
            $0.bind(3, url)
            $0.bind(4, answer.outcome)
            $0.bind(5, Int64(answer.status))
            $0.bind(6, answer.headers)
            $0.bind(7, answer.body)
            $0.bind(8, endedAt)
            $0.bind(9, endedAt)
        }
    }

    /// Has the result that is kept for `id` posted.
    package func addCallback(
        ofResult id: InvocationID,
        url: String,
        endedAt: Int64
    ) throws(StorageError) {
        try statements.callbackFromResult.run {
            $0.bind(1, url)
            $0.bind(2, endedAt)
            $0.bind(3, endedAt)
            $0.bind(4, id)
        }
    }

    package func dueCallbacks(
        atMicros now: Int64,
        limit: Int
    ) throws(StorageError) -> [StoredCallback] {
        var found: [StoredCallback] = []
        try statements.dueCallbacks.rows {
            $0.bind(1, now)
            $0.bind(2, Int64(limit))
        } _: {
            let answer = KeptAnswer(
                id: $0.id(0),
                function: $0.text(1) ?? "",
                outcome: $0.text(3) ?? "",
                status: Int($0.integer(4)),
                headers: $0.bytes(5),
                body: $0.bytes(6)
            )
            found.append(
                StoredCallback(
                    answer: answer,
                    url: $0.text(2) ?? "",
                    endedAt: $0.integer(7),
                    tries: Int($0.integer(8))
                )
            )
        }
        return found
    }

    package func nextCallback(afterMicros now: Int64) throws(StorageError) -> Int64? {
        try statements.nextCallback.integer { $0.bind(1, now) }
    }

    package func delayCallback(
        of id: InvocationID,
        tries: Int,
        dueAt: Int64
    ) throws(StorageError) {
        try statements.delayCallback.run {
            $0.bind(1, Int64(tries))
            $0.bind(2, dueAt)
            $0.bind(3, id)
        }
    }

    package func dropCallback(of id: InvocationID) throws(StorageError) {
        try statements.dropCallback.run { $0.bind(1, id) }
    }
}
