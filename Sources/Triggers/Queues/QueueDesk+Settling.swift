import Functions
import GatewayAPI
import GatewayServer
import Storage

// What becomes of messages after an attempt. Each verb may be called again with the same answer
// when the transaction it was in could not be committed.
extension QueueDesk {
    /// An answer that must be durable before its usage record is.
    func prepare(_ answer: Answer, atMicros now: Int64) throws(StorageError) {
        guard let lease = leases[answer.token] else { return }
        if answer.verdict == .done {
            try keep(answer, function: function(of: lease), isFinal: false, atMicros: now)
        } else {
            try connection.prepare(
                answer.token,
                attempt: answer.attempt,
                failure: MessageFailure(answer)
            )
            leases[answer.token]?.isPrepared = true
        }
    }

    /// An attempt is over.
    func settle(_ answer: Answer, atMicros now: Int64) throws(StorageError) {
        guard let lease = leases[answer.token] else { return }
        let queue = queues[MessagePlace.queue(of: answer.token)]
        switch answer.verdict {
        case .done: try acknowledge(lease, answer, queue, atMicros: now)
        case .notAttempted: try giveBack(lease, answer, queue, atMicros: now)
        case .hopeless: try bury(lease, answer, queue, atMicros: now)
        case .failed:
            let attemptsMax = queue?.plan?.attempts ?? 1
            if lease.message.tries + 1 >= attemptsMax {
                try bury(lease, answer, queue, atMicros: now)
            } else {
                try retry(lease, answer, queue, atMicros: now)
            }
        }
    }

    private func acknowledge(
        _ lease: Lease,
        _ answer: Answer,
        _ queue: Queue?,
        atMicros now: Int64
    ) throws(StorageError) {
        guard try connection.acknowledge(lease.message.place) else {
            return try drop(lease, queue)
        }
        if queue?.plan?.keepsAnswers ?? true {
            try connection.finishResult(of: answer.id)
            if let url = lease.message.callback {
                try connection.addCallback(ofResult: answer.id, url: url, endedAt: now)
                agenda.nextCallback = now
            }
        }
        let group = try nextOfGroup(lease, queue)
        after.append { [self] in
            left(lease, queue, group)
            leftQueue(lease, queue)
            queue?.counts.completed(atMicros: now)
        }
    }

    private func retry(
        _ lease: Lease,
        _ answer: Answer,
        _ queue: Queue?,
        atMicros now: Int64
    ) throws(StorageError) {
        let message = lease.message
        let failure = MessageFailure(answer)
        let tries = message.tries + 1
        let backoff = queue?.plan?.backoff ?? Backoff()
        let pause = backoff.pauseMillis(after: tries, jitter: Double.random(in: 0..<1))
        let due = now + Int64(pause) * 1_000
        let isThere = try connection.retry(
            message.place,
            attempt: answer.attempt,
            tries: tries,
            dueAt: due,
            failure: failure
        )
        guard isThere else { return try drop(lease, queue) }
        try note(failure, answer, atMicros: now)
        agenda.nextDue = min(agenda.nextDue ?? due, due)
        after.append { [self] in
            leases[message.place] = nil
            if let origin = message.origin { queue?.dying[origin, default: 0] -= 1 }
            _ = queue?.consumer?.ended(message.place, group: message.groupKey, .delayed)
            queue?.delayed += 1
            queue?.counts.retried += 1
            queue?.counts.lastError = failure.text
            activate(queue)
        }
    }

    private func bury(
        _ lease: Lease,
        _ answer: Answer,
        _ queue: Queue?,
        atMicros now: Int64
    ) throws(StorageError) {
        let message = lease.message
        let failure = MessageFailure(answer)
        let wasAttempted = answer.outcome != .rejected
        let home = MessagePlace.queue(of: message.place)
        let dead = queue?.dead.flatMap { queues[$0] }?.number ?? home
        let isThere = try connection.bury(
            message.place,
            at: place(in: dead),
            attempt: wasAttempted ? answer.attempt : message.attempt,
            tries: message.tries + (wasAttempted ? 1 : 0),
            failure: failure,
            diedAt: now
        )
        guard isThere else { return try drop(lease, queue) }
        try note(failure, answer, atMicros: now)
        if queue?.plan?.keepsAnswers ?? false {
            try keep(answer, function: function(of: lease), isFinal: true, atMicros: now)
            if let url = message.callback {
                try connection.addCallback(ofResult: answer.id, url: url, endedAt: now)
                agenda.nextCallback = now
            }
        }
        let group = try nextOfGroup(lease, queue)
        after.append { [self] in
            left(lease, queue, group)
            leftQueue(lease, queue)
            queues[dead]?.waiting += 1
            queues[dead]?.dying[home, default: 0] += 1
            queues[dead]?.consumer?.arrived()
            activate(queues[dead])
            queue?.counts.deadLettered += 1
            queue?.counts.lastError = failure.text
        }
    }

    /// The message was never attempted; of what was prepared nothing is left.
    private func giveBack(
        _ lease: Lease,
        _ answer: Answer,
        _ queue: Queue?,
        atMicros now: Int64
    ) throws(StorageError) {
        let place = lease.message.place
        let isThere =
            lease.isPrepared ? try connection.withdraw(place) : try connection.isThere(place)
        guard isThere else { return try drop(lease, queue) }
        after.append { [self] in
            leases[place] = nil
            queue?.consumer?.refused(lease.message, atMicros: now)
            queue?.counts.lastError = MessageFailure(answer).text
            activate(queue)
        }
    }

    /// The message was removed while it was in flight.
    private func drop(_ lease: Lease, _ queue: Queue?) throws(StorageError) {
        let group = try nextOfGroup(lease, queue)
        after.append { [self] in left(lease, queue, group) }
    }

    /// The next message of the group that waited for this one, if any does.
    private func nextOfGroup(
        _ lease: Lease,
        _ queue: Queue?
    ) throws(StorageError) -> StoredMessage? {
        guard let key = lease.message.groupKey, queue?.consumer != nil else { return nil }
        return try connection.message(ofGroup: key, after: lease.message.place)
    }

    /// A message is counted no longer.
    private func leftQueue(_ lease: Lease, _ queue: Queue?) {
        queue?.waiting -= 1
        if let origin = lease.message.origin { queue?.dying[origin, default: 0] -= 1 }
    }

    private func left(_ lease: Lease, _ queue: Queue?, _ next: StoredMessage?) {
        let message = lease.message
        leases[message.place] = nil
        if let key = message.groupKey,
            queue?.consumer?.ended(message.place, group: key, .left) != nil
        {
            queue?.consumer?.found(next, ofGroup: key)
        } else if message.groupKey == nil {
            _ = queue?.consumer?.ended(message.place, group: nil, .left)
        }
        activate(queue)
        endWaits(for: message.id)
    }

    private func activate(_ queue: Queue?) {
        if let queue { active.insert(queue.number) }
    }

    private func note(
        _ failure: MessageFailure,
        _ answer: Answer,
        atMicros now: Int64
    ) throws(StorageError) {
        try connection.addFailure(
            failure,
            of: answer.id,
            attempt: answer.attempt,
            untilMicros: now + limits.failureMillis * 1_000
        )
    }

    private func function(of lease: Lease) -> String {
        queues[MessagePlace.queue(of: lease.message.place)]?.key.name ?? ""
    }

    /// Keeps a result, and drops the oldest ones where there is no room for it.
    private func keep(
        _ answer: Answer,
        function: String,
        isFinal: Bool,
        atMicros now: Int64
    ) throws(StorageError) {
        let kept = KeptAnswer(answer, function: function)
        while agenda.resultBytes + kept.bytes > limits.resultBytesMax,
            let dropped = try connection.dropOldestResult()
        {
            agenda.resultBytes -= dropped
        }
        try connection.keep(
            kept,
            isFinal: isFinal,
            untilMicros: now + limits.resultMillis * 1_000
        )
        agenda.resultBytes += kept.bytes
    }
}

extension MessageFailure {
    init(_ answer: Answer) { self.init(code: answer.code, detail: answer.detail) }

    var text: String { "\(code): \(detail)" }
}

extension KeptAnswer {
    /// What the handler answered, or the problem document that says why it did not.
    init(_ answer: Answer, function: String) {
        let isProblem = answer.verdict != .done
        var problem = Problem(
            ProblemCode(rawValue: answer.code) ?? .internal,
            detail: answer.detail
        )
        problem.instance = answer.id.description
        // To the ledger an input that is refused is an answer; to who waits for one it is none.
        let outcome: Outcome =
            isProblem && answer.outcome == .completed ? .failed : answer.outcome
        self.init(
            id: answer.id,
            function: function,
            outcome: outcome.rawValue,
            status: isProblem ? problem.status : answer.status,
            headers: isProblem
                ? Array("content-type: \(MediaType.problem)".utf8)
                : Self.withContentType(answer.headers),
            body: isProblem ? (try? JSONCoding.encode(problem)) ?? [] : answer.body
        )
    }

    /// A handler's answer is JSON unless it says otherwise.
    private static func withContentType(_ headers: [UInt8]) -> [UInt8] {
        guard MessageHeaders.value(of: "content-type", in: headers) == nil else { return headers }
        let type = Array("content-type: \(MediaType.json)".utf8)
        return headers.isEmpty ? type : type + [UInt8(ascii: "\n")] + headers
    }
}
