package import Functions

/// Messages of one kind in one queue.
package struct MessageCount: Sendable {
    package var queue: Int64
    /// The queue they died in; nil unless they are dead letters.
    package var origin: Int64?
    package var isDelayed: Bool
    package var messages: Int
}

extension QueueConnection {
    package func queues() throws(StorageError) -> [Int64: QueueKey] {
        var queues: [Int64: QueueKey] = [:]
        try statements.queues.rows {
            guard let kind = QueueKind(rawValue: $0.text(1) ?? "") else { return }
            queues[$0.integer(0)] = QueueKey(kind, $0.text(2) ?? "")
        }
        return queues
    }

    /// The accounts that queues belong to.
    package func owners() throws(StorageError) -> [Int64: Account] {
        var owners: [Int64: Account] = [:]
        try statements.owners.rows { owners[$0.integer(0)] = Account($0.text(1) ?? "") }
        return owners
    }

    /// - Returns: the new queue's number; nil when there is such a queue.
    package func addQueue(
        _ key: QueueKey,
        account: Account = .local
    ) throws(StorageError) -> Int64? {
        try statements.addQueue.integer {
            $0.bind(1, key.kind.rawValue)
            $0.bind(2, key.name)
            $0.bind(3, account.description)
        }
    }

    /// Adds a queue whose number is known, unless it is there.
    package func putQueue(
        _ number: Int64,
        _ key: QueueKey,
        account: Account = .local
    ) throws(StorageError) {
        try statements.putQueue.run {
            $0.bind(1, number)
            $0.bind(2, key.kind.rawValue)
            $0.bind(3, key.name)
            $0.bind(4, account.description)
        }
    }

    /// Removes a queue that has no messages; another one may get its number.
    package func removeQueue(_ number: Int64) throws(StorageError) {
        try statements.removeQueue.run { $0.bind(1, number) }
        try statements.forgetQueue.run { $0.bind(1, number) }
    }

    /// How many messages lie where; walks all of them.
    package func counts() throws(StorageError) -> [MessageCount] {
        var counts: [MessageCount] = []
        try statements.counts.rows {
            counts.append(
                MessageCount(
                    queue: $0.integer(0),
                    origin: $0.integerOrNil(1),
                    isDelayed: $0.integer(2) != 0,
                    messages: Int($0.integer(3))
                )
            )
        }
        return counts
    }

    /// The last place in a queue that is taken; nil when it is empty.
    package func lastPlace(in queue: Int64) throws(StorageError) -> Int64? {
        try statements.lastPlace.integer { Self.bind($0, queue) }
    }

    /// The id of the message that was there first.
    package func oldest(in queue: Int64) throws(StorageError) -> InvocationID? {
        var id: InvocationID?
        try statements.oldest.rows({ Self.bind($0, queue) }, { id = $0.id(0) })
        return id
    }

    /// Removes up to `limit` messages that are no dead letters.
    /// - Returns: how many, and how many of those were delayed.
    package func clear(
        _ queue: Int64,
        limit: Int
    ) throws(StorageError) -> (messages: Int, delayed: Int) {
        var cleared = (messages: 0, delayed: 0)
        try statements.clear.rows {
            Self.bind($0, queue)
            $0.bind(3, Int64(limit))
        } _: {
            cleared.messages += 1
            cleared.delayed += Int($0.integer(0))
        }
        return cleared
    }

    private static func bind(_ statement: SQLiteStatement, _ queue: Int64) {
        let range = MessagePlace.range(of: queue)
        statement.bind(1, range.lowerBound)
        statement.bind(2, range.upperBound)
    }
}

// Deduplication, and what went wrong.
extension QueueConnection {
    /// The message that was enqueued with this key, unless that is too long ago.
    package func duplicate(
        of key: String,
        in queue: Int64,
        atMicros now: Int64
    ) throws(StorageError) -> InvocationID? {
        var id: InvocationID?
        try statements.findDuplicate.rows {
            $0.bind(1, queue)
            $0.bind(2, key)
            $0.bind(3, now)
        } _: {
            id = $0.id(0)
        }
        return id
    }

    package func remember(
        _ key: String,
        of id: InvocationID,
        in queue: Int64,
        untilMicros: Int64
    ) throws(StorageError) {
        try statements.remember.run {
            $0.bind(1, queue)
            $0.bind(2, key)
            $0.bind(3, id)
            $0.bind(4, untilMicros)
        }
    }

    package func addFailure(
        _ failure: MessageFailure,
        of id: InvocationID,
        attempt: Int32,
        untilMicros: Int64
    ) throws(StorageError) {
        try statements.addFailure.run {
            $0.bind(1, id)
            $0.bind(2, Int64(attempt))
            $0.bind(3, failure.code)
            $0.bind(4, failure.detail)
            $0.bind(5, untilMicros)
        }
    }

    /// Forgets some of what is kept for a time only.
    /// - Returns: whether there may be more.
    package func forget(atMicros now: Int64) throws(StorageError) -> Bool {
        let duplicates = try statements.forgetDuplicates.run { $0.bind(1, now) }
        let failures = try statements.forgetFailures.run { $0.bind(1, now) }
        let results = try statements.dropResults.run { $0.bind(1, now) }
        return max(duplicates, failures, results) >= 1000
    }
}

// Schedules.
extension QueueConnection {
    /// The last tick that became a message, or was left out.
    package func lastTick(
        of schedule: String,
        function: String
    ) throws(StorageError) -> Int64? {
        try statements.lastTick.integer {
            $0.bind(1, function)
            $0.bind(2, schedule)
        }
    }

    package func setLastTick(
        _ micros: Int64,
        of schedule: String,
        function: String
    ) throws(StorageError) {
        try statements.setTick.run {
            $0.bind(1, function)
            $0.bind(2, schedule)
            $0.bind(3, micros)
        }
    }

    package func dropTicks(of function: String) throws(StorageError) {
        try statements.dropTicks.run { $0.bind(1, function) }
    }
}
