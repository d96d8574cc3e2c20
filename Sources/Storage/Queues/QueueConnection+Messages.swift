package import Functions

extension QueueConnection {
    /// Keeps a message at a place that is free.
    package func insert(_ message: NewMessage, at place: Int64) throws(StorageError) {
        try statements.insert.run {
            $0.bind(1, place)
            $0.bind(2, message.id)
            $0.bind(3, message.dueAt)
            $0.bind(4, message.groupKey)
            $0.bind(5, message.callback)
            $0.bind(6, message.headers)
            $0.bind(7, message.body)
        }
    }

    /// Messages behind `place` that are not delayed, in their order, and whether those were all.
    ///
    /// Up to `limit`, and none after those that have `bytesMax` bytes together.
    package func read(
        after place: Int64,
        in queue: Int64,
        limit: Int,
        bytesMax: Int
    ) throws(StorageError) -> (messages: [StoredMessage], isLast: Bool) {
        let range = MessagePlace.range(of: queue)
        var found: [StoredMessage] = []
        var seen = 0
        var bytes = 0
        try statements.read.rows {
            $0.bind(1, max(place, range.lowerBound - 1))
            $0.bind(2, range.upperBound)
            $0.bind(3, Int64(limit))
        } _: {
            seen += 1
            guard bytes < bytesMax else { return }
            let message = StoredMessage($0)
            bytes += message.body.count
            found.append(message)
        }
        return (messages: found, isLast: seen < limit && found.count == seen)
    }

    package func message(at place: Int64) throws(StorageError) -> StoredMessage? {
        try all(statements.readOne) { $0.bind(1, place) }.first
    }

    /// The group's next message behind `place`.
    package func message(
        ofGroup group: String,
        after place: Int64
    ) throws(StorageError) -> StoredMessage? {
        try all(statements.readGroup) {
            $0.bind(1, group)
            $0.bind(2, place)
            $0.bind(3, MessagePlace.range(of: MessagePlace.queue(of: place)).upperBound)
        }.first
    }

    package func isThere(_ place: Int64) throws(StorageError) -> Bool {
        try statements.isThere.integer { $0.bind(1, place) } != nil
    }

    package func message(_ id: InvocationID) throws(StorageError) -> StoredMessage? {
        try all(statements.find) { $0.bind(1, id) }.first
    }

    /// Delayed messages whose time has come, the first ones first.
    package func due(
        atMicros now: Int64,
        limit: Int
    ) throws(StorageError) -> [(place: Int64, groupKey: String?)] {
        var found: [(place: Int64, groupKey: String?)] = []
        try statements.due.rows {
            $0.bind(1, now)
            $0.bind(2, Int64(limit))
        } _: {
            found.append((place: $0.integer(0), groupKey: $0.text(1)))
        }
        return found
    }

    /// When the next delayed message is due, after `now`.
    package func nextDue(afterMicros now: Int64) throws(StorageError) -> Int64? {
        try statements.nextDue.integer { $0.bind(1, now) }
    }

    /// Delayed messages that hold up a group.
    package func delayedGroups() throws(StorageError) -> [(place: Int64, groupKey: String)] {
        var found: [(place: Int64, groupKey: String)] = []
        try statements.delayedGroups.rows {
            found.append((place: $0.integer(0), groupKey: $0.text(1) ?? ""))
        }
        return found
    }

    /// Makes a delayed message ready, at another place or its own.
    package func wake(_ place: Int64, to newPlace: Int64) throws(StorageError) {
        try statements.move.run {
            $0.bind(1, newPlace)
            $0.bind(2, place)
        }
    }

    /// Removes a message.
    /// - Returns: false when it was not there.
    package func acknowledge(_ place: Int64) throws(StorageError) -> Bool {
        try statements.acknowledge.run { $0.bind(1, place) } > 0
    }

    /// Delays a message until another attempt; it is no dead letter from then on.
    /// - Returns: false when it was not there.
    package func retry(
        _ place: Int64,
        attempt: Int32,
        tries: Int,
        dueAt: Int64,
        failure: MessageFailure
    ) throws(StorageError) -> Bool {
        try statements.retry.run {
            $0.bind(1, Int64(attempt))
            $0.bind(2, Int64(tries))
            $0.bind(3, dueAt)
            $0.bind(4, failure.code)
            $0.bind(5, failure.detail)
            $0.bind(6, place)
        } > 0
    }

    /// Notes that attempt `attempt` ends the message as a dead letter, once it has its usage
    /// record.
    package func prepare(
        _ place: Int64,
        attempt: Int32,
        failure: MessageFailure
    ) throws(StorageError) {
        try statements.prepare.run {
            $0.bind(1, Int64(attempt))
            $0.bind(2, failure.code)
            $0.bind(3, failure.detail)
            $0.bind(4, place)
        }
    }

    /// Takes back what was prepared: the attempt does not count.
    /// - Returns: false when the message was not there.
    package func withdraw(_ place: Int64) throws(StorageError) -> Bool {
        try statements.withdraw.run { $0.bind(1, place) } > 0
    }

    /// Makes a message a dead letter at another place.
    /// - Returns: false when it was not there.
    @discardableResult
    package func bury(
        _ place: Int64,
        at newPlace: Int64,
        attempt: Int32,
        tries: Int,
        failure: MessageFailure,
        diedAt: Int64
    ) throws(StorageError) -> Bool {
        try statements.bury.run {
            $0.bind(1, newPlace)
            $0.bind(2, MessagePlace.queue(of: place))
            $0.bind(3, diedAt)
            $0.bind(4, Int64(attempt))
            $0.bind(5, Int64(tries))
            $0.bind(6, failure.code)
            $0.bind(7, failure.detail)
            $0.bind(8, place)
        } > 0
    }

    /// Makes a dead letter an ordinary message at another place; its attempts count from there,
    /// and are numbered from `attempt` on.
    package func exhume(
        _ place: Int64,
        to newPlace: Int64,
        attempt: Int32
    ) throws(StorageError) {
        try statements.exhume.run {
            $0.bind(1, newPlace)
            $0.bind(2, Int64(attempt))
            $0.bind(3, place)
        }
    }

    /// Dead letters in `queue` that died in `origin`, the oldest first.
    package func deadLetters(
        in queue: Int64,
        of origin: Int64,
        limit: Int
    ) throws(StorageError) -> [StoredMessage] {
        let range = MessagePlace.range(of: queue)
        return try all(statements.deadLetters) {
            $0.bind(1, range.lowerBound)
            $0.bind(2, range.upperBound)
            $0.bind(3, origin)
            $0.bind(4, Int64(limit))
        }
    }

    /// Removes up to `limit` dead letters.
    /// - Returns: how many.
    package func removeDead(
        in queue: Int64,
        of origin: Int64,
        limit: Int
    ) throws(StorageError) -> Int {
        let range = MessagePlace.range(of: queue)
        return try statements.removeDead.run {
            $0.bind(1, range.lowerBound)
            $0.bind(2, range.upperBound)
            $0.bind(3, origin)
            $0.bind(4, Int64(limit))
        }
    }

    private func all(
        _ statement: SQLiteStatement,
        _ bind: (SQLiteStatement) -> Void
    ) throws(StorageError) -> [StoredMessage] {
        var found: [StoredMessage] = []
        try statement.rows(bind) { found.append(StoredMessage($0)) }
        return found
    }
}

extension StoredMessage {
    fileprivate init(_ row: SQLiteStatement) {
        let failure = row.text(9).map { MessageFailure(code: $0, detail: row.text(10) ?? "") }
        self.init(
            place: row.integer(0),
            id: row.id(1),
            attempt: Int32(clamping: row.integer(2)),
            tries: Int(row.integer(3)),
            dueAt: row.integerOrNil(4),
            verdict: row.integerOrNil(5).map { Int32(clamping: $0) },
            groupKey: row.text(6),
            origin: row.integerOrNil(7),
            diedAt: row.integerOrNil(8),
            failure: failure,
            callback: row.text(11),
            headers: row.bytes(12),
            body: row.bytes(13)
        )
    }
}
