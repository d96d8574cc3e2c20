package import Functions
package import Storage

/// A dead letter and the queue it died in.
package struct DeadMessage: Sendable {
    package var message: StoredMessage
    package var origin: QueueKey
    package var function: FunctionName?
}

extension QueueDesk {
    /// Where the dead letters of a queue lie, by what the user calls it: a queue they died in or
    /// lie in, or a function whose asynchronous invocations they were.
    private func deadPlaces(_ name: String) throws -> [(queue: Int64, origin: Int64)] {
        var places: [(queue: Int64, origin: Int64)] = []
        let named = [QueueKey(.queue, name), QueueKey(.async, name)].compactMap { numbers[$0] }
        guard !named.isEmpty else { throw QueueError.notFound(QueueKey(.queue, name)) }
        for queue in queues.values {
            for origin in queue.dying.keys
            where named.contains(origin) || named.contains(queue.number) {
                places.append((queue: queue.number, origin: origin))
            }
        }
        return places.sorted { ($0.queue, $0.origin) < ($1.queue, $1.origin) }
    }

    func deadLetters(of name: String, limit: Int) throws -> [DeadMessage] {
        var letters: [DeadMessage] = []
        for (queue, origin) in try deadPlaces(name) where letters.count < limit {
            let found = try connection.deadLetters(
                in: queue,
                of: origin,
                limit: limit - letters.count
            )
            for message in found {
                letters.append(
                    DeadMessage(
                        message: message,
                        origin: key(of: origin),
                        function: queues[origin]?.consumer?.plan.function
                    )
                )
            }
        }
        return letters
    }

    /// Moves dead letters back to where they came from, up to a number of them.
    /// - Returns: how many; there may be more when it is `redriveMax`.
    func redrive(_ name: String) throws -> Int {
        var moved = 0
        for (queue, origin) in try deadPlaces(name) {
            let letters = try connection.deadLetters(
                in: queue,
                of: origin,
                limit: Self.redriveMax - moved
            )
            let known = try history(of: letters, upTo: queues[queue]?.unknownUpTo ?? 0)
            for letter in letters where leases[letter.place] == nil {
                try connection.exhume(
                    letter.place,
                    to: place(in: origin),
                    attempt: max(letter.attempt, known[letter.id]?.last ?? 0)
                )
                moved += 1
                after.append { [self] in
                    queues[queue]?.waiting -= 1
                    queues[queue]?.dying[origin, default: 0] -= 1
                    queues[origin]?.waiting += 1
                    queues[origin]?.consumer?.arrived()
                    active.insert(origin)
                }
            }
            after.append { [self] in reread(queue) }
            if moved >= Self.redriveMax { break }
        }
        return moved
    }

    /// Removes waiting messages, or dead letters, up to a number of them; those in flight
    /// are finished and not tried again.
    /// - Returns: how many; there may be more when it is `purgeMax`.
    func purge(_ name: String, dead: Bool) throws -> Int {
        if dead {
            for (queue, origin) in try deadPlaces(name) {
                let removed = try connection.removeDead(
                    in: queue,
                    of: origin,
                    limit: Self.purgeMax
                )
                guard removed > 0 else { continue }
                after.append { [self] in
                    queues[queue]?.waiting -= removed
                    queues[queue]?.dying[origin, default: 0] -= removed
                    reread(queue)
                }
                return removed
            }
            return 0
        }
        guard let number = numbers[QueueKey(.queue, name)], let queue = queues[number] else {
            throw QueueError.notFound(QueueKey(.queue, name))
        }
        let removed = try connection.clear(number, limit: Self.purgeMax)
        // With the last ones go those that held up their groups.
        let held = removed.messages < Self.purgeMax ? try delayedGroups(in: number) : nil
        after.append { [self] in
            queue.waiting -= removed.messages
            queue.delayed -= removed.delayed
            if let held, let plan = queue.consumer?.plan {
                queue.consumer = consumer(plan, number, holding: held)
            }
            reread(number)
        }
        return removed.messages
    }

    /// What was read of a queue may be there no longer.
    private func reread(_ number: Int64) {
        queues[number]?.consumer?.dropRead()
        active.insert(number)
    }

    /// Removes an empty queue that no function names.
    func remove(_ name: String) throws {
        guard let number = numbers[QueueKey(.queue, name)], let queue = queues[number] else {
            throw QueueError.notFound(QueueKey(.queue, name))
        }
        if let function = queue.consumer?.plan.function {
            throw QueueError.inUse("the function \(function) takes messages from \(name)")
        }
        if queues.values.contains(where: { $0.dead == number && $0.consumer != nil }) {
            throw QueueError.inUse("\(name) is where dead letters of another queue go")
        }
        guard try connection.lastPlace(in: number) == nil else {
            throw QueueError.inUse("\(name) has \(queue.waiting) messages: purge or redrive them")
        }
        guard !leases.keys.contains(where: { MessagePlace.queue(of: $0) == number }) else {
            throw QueueError.inUse("messages of \(name) are in flight: try again when they ended")
        }
        guard !queues.values.contains(where: { $0.dying[number, default: 0] > 0 }) else {
            throw QueueError.inUse("there are dead letters of \(name): purge or redrive them")
        }
        try connection.removeQueue(number)
        // At once: what is enqueued in the same turn must not find it.
        queues[number] = nil
        numbers[queue.key] = nil
        undo.append { [self] in
            queues[number] = queue
            numbers[queue.key] = number
        }
    }

    /// Keeps a broker's message as a dead letter, unless it is one already; it is redriven as an
    /// asynchronous invocation.
    func bury(
        _ message: NewMessage,
        of function: FunctionName,
        in dead: QueueName,
        attempt: Int32,
        failure: MessageFailure,
        atMicros now: Int64
    ) throws(StorageError) {
        guard try connection.message(message.id) == nil else { return }
        let account = functions[function.description]?.account ?? .local
        let home = try number(of: QueueKey(.async, function.description), for: account)
        if let bound = functions[function.description] { _ = try asyncQueue(of: bound.name) }
        let grave = try number(of: QueueKey(.queue, dead.description), for: account)
        let place = place(in: home)
        try connection.insert(message, at: place)
        try connection.bury(
            place,
            at: self.place(in: grave),
            attempt: attempt,
            tries: Int(attempt),
            failure: failure,
            diedAt: now
        )
        after.append { [self] in
            queues[grave]?.waiting += 1
            queues[grave]?.dying[home, default: 0] += 1
        }
    }

    func status(atMicros now: Int64) throws(StorageError) -> [QueueStatus] {
        var all: [QueueStatus] = []
        for queue in queues.values {
            let inFlight = queue.consumer?.inFlight ?? 0
            let dying = queue.dying.values.reduce(0, +)
            all.append(
                QueueStatus(
                    key: queue.key,
                    account: queue.account,
                    function: queue.consumer?.plan.function,
                    deadQueue: queue.dead.map { key(of: $0).name },
                    ready: max(0, queue.waiting - queue.delayed - inFlight - dying),
                    delayed: queue.delayed,
                    inFlight: inFlight,
                    dead: queues.values.reduce(0) { $0 + ($1.dying[queue.number] ?? 0) },
                    oldest: queue.waiting > 0 ? try connection.oldest(in: queue.number) : nil,
                    counts: queue.counts
                )
            )
        }
        return all
    }

    func find(_ id: InvocationID) throws(StorageError) -> InvocationPlace {
        guard let message = try connection.message(id) else { return .none }
        let number = MessagePlace.queue(of: message.place)
        let (key, function) = (key(of: number), queues[number]?.consumer?.plan.function)
        if let lease = leases[message.place] {
            return .running(key, function, attempt: lease.attempt)
        }
        if let origin = message.origin {
            let function = queues[origin]?.consumer?.plan.function
            return .dead(self.key(of: origin), function, message.failure)
        }
        if let due = message.dueAt, message.tries > 0 {
            return .retrying(key, function, dueAt: due, message.failure)
        }
        return .waiting(key, function)
    }

    /// Dead letters moved in one transaction.
    static let redriveMax = 1000
    /// Messages removed in one transaction.
    static let purgeMax = 10_000
}
