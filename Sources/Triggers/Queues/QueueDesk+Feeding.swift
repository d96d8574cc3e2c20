import Functions
import GatewayAPI
import Storage

extension QueueDesk {
    /// Begins what can be begun, also what may follow messages that are done before that is in the
    /// file: should it never be, the ledger knows of them.
    /// - Returns: when a paused queue may go on, in microseconds since 1970.
    func feed(behind done: [Int64], atMicros now: Int64) throws(StorageError) -> Int64? {
        var over: [Int64: Int] = [:]
        for place in done where leases[place] != nil {
            over[MessagePlace.queue(of: place), default: 0] += 1
        }
        for (queue, count) in over {
            queues[queue]?.consumer?.over = count
            active.insert(queue)
        }
        defer { for queue in over.keys { queues[queue]?.consumer?.over = 0 } }
        return try feed(atMicros: now)
    }

    /// Ends all waits for messages that are not in flight, for when nothing more is begun.
    func endVainWaits() {
        guard !waiters.isEmpty else { return }
        let inFlight = Set(leases.values.map(\.message.id))
        for id in waiters.keys where !inFlight.contains(id) { endWaits(for: id) }
    }

    /// Begins what can be begun.
    private func feed(atMicros now: Int64) throws(StorageError) -> Int64? {
        var resumes: Int64?
        for number in active {
            guard let queue = queues[number], let paused = queue.consumer?.pausedUntil else {
                active.remove(number)
                continue
            }
            if paused > now {
                resumes = min(resumes ?? .max, paused)
                continue
            }
            if try feed(queue, atMicros: now) {
                active.remove(number)
            } else {
                resumes = now
            }
        }
        return resumes
    }

    /// - Returns: false when there may be more to begin: what was read waits for its groups.
    private func feed(_ queue: Queue, atMicros now: Int64) throws(StorageError) -> Bool {
        for _ in 0..<Self.readsMax {
            guard let room = queue.consumer?.room(atMicros: now), room > 0 else { return true }
            // Only when what was taken is in `leases`, which keeps it from being read again.
            if queue.consumer?.isHungry == true { try refill(queue, room: room) }
            var batch: [StoredMessage] = []
            while batch.count < room, let message = queue.consumer?.next() { batch.append(message) }
            guard !batch.isEmpty else {
                if queue.consumer?.isHungry == true { continue }
                return true
            }
            do throws(StorageError) { try start(batch, queue) } catch {
                for message in batch.reversed() { queue.consumer?.refused(message, atMicros: now) }
                throw error
            }
        }
        return false
    }

    private func refill(_ queue: Queue, room: Int) throws(StorageError) {
        guard let cursor = queue.consumer?.cursor else { return }
        let (messages, isLast) = try connection.read(
            after: cursor,
            in: queue.number,
            limit: max(room, Self.readMin),
            bytesMax: Self.readBytesMax
        )
        queue.consumer?.read(messages.filter { leases[$0.place] == nil }, isLast: isLast)
        if let last = messages.last { queue.consumer?.skip(to: last.place) }
    }

    private func start(_ batch: [StoredMessage], _ queue: Queue) throws(StorageError) {
        guard let plan = queue.consumer?.plan else { return }
        let known = try history(of: batch, upTo: queue.unknownUpTo)
        for message in batch where message.verdict != nil {
            // Its record was never written, so that attempt is made again under its number: from
            // then on a record under it would say nothing of what had been prepared.
            if known[message.id]?.last != message.verdict {
                _ = try connection.withdraw(message.place)
            }
        }
        var invocations: [Invocation] = []
        for var message in batch {
            // A function for dead letters has attempts of its own.
            if message.origin != nil { message.tries = 0 }
            let end = known[message.id].flatMap { Self.catchUp(&message, with: $0, plan) }
            message.verdict = nil
            if let end {
                leases[message.place] = Lease(message: message, attempt: end.attempt)
                recovered.append(end)
                continue
            }
            leases[message.place] = Lease(message: message, attempt: message.attempt + 1)
            invocations.append(
                Invocation(
                    id: message.id,
                    token: message.place,
                    function: plan.function,
                    trigger: plan.trigger,
                    attempt: message.attempt + 1,
                    headers: message.headers,
                    body: message.body,
                    isAnswerKept: plan.keepsAnswers,
                    isLast: message.tries + 1 >= plan.attempts
                )
            )
        }
        if !invocations.isEmpty { begin(invocations) }
    }

    /// What the ledger has of messages that may have been in flight when a gateway died.
    func history(
        of batch: [StoredMessage],
        upTo last: Int64
    ) throws(StorageError) -> [InvocationID: Ledger.Attempts] {
        let unknown = batch.filter { $0.place <= last }.map(\.id)
        return unknown.isEmpty ? [:] : try ledger.attempts(of: unknown)
    }

    /// Counts the attempts that the ledger knows of and the message does not.
    ///
    /// Of one that has ended it leaves the last attempt to be counted when it is settled.
    /// - Returns: the message's end, when it needs no further attempt.
    private static func catchUp(
        _ message: inout StoredMessage,
        with attempts: Ledger.Attempts,
        _ plan: QueueConsumer.Plan
    ) -> Answer? {
        let unnoted = Int(max(0, attempts.last - message.attempt))
        let end = end(message, attempts, unnoted: unnoted, plan)
        message.tries += end == nil ? unnoted : max(0, unnoted - 1)
        message.attempt = max(message.attempt, attempts.last)
        return end
    }

    private static func end(
        _ message: StoredMessage,
        _ attempts: Ledger.Attempts,
        unnoted: Int,
        _ plan: QueueConsumer.Plan
    ) -> Answer? {
        func answer(_ verdict: Answer.Verdict, _ failure: MessageFailure?) -> Answer {
            Answer(
                id: message.id,
                token: message.place,
                attempt: attempts.last,
                verdict: verdict,
                outcome: verdict == .done ? .completed : Self.outcome(of: failure),
                status: 0,
                code: failure?.code ?? "",
                detail: failure?.detail ?? ""
            )
        }
        if attempts.last == message.verdict { return answer(.hopeless, message.failure) }
        // One that was noted before did not end the message: its input was refused, and it is a
        // dead letter that waits again.
        if let completed = attempts.completed, completed > message.attempt {
            return answer(.done, nil)
        }
        guard unnoted > 0, message.tries + unnoted >= plan.attempts else { return nil }
        let unknown = MessageFailure(
            code: "internal",
            detail: "The last attempt failed; the gateway stopped before it was noted why."
        )
        return answer(.hopeless, unknown)
    }

    private static func outcome(of failure: MessageFailure?) -> Outcome {
        failure?.code == ProblemCode.timedOut.rawValue ? .timedOut : .failed
    }

    /// Times that a queue is read before others have their turn.
    private static let readsMax = 16
    /// Messages read at a time, at least.
    private static let readMin = 64
    /// Bytes of messages read at a time, beyond the first.
    private static let readBytesMax = 16 << 20
}
