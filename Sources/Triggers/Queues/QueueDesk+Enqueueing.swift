import Functions
import GatewayServer
import Storage

extension QueueDesk {
    /// Keeps messages at the end of a queue, all or none.
    func enqueue(
        _ orders: [MessageOrder],
        to key: QueueKey,
        atMicros now: Int64
    ) throws -> Enqueued {
        guard let number = numbers[key], let queue = queues[number] else {
            throw QueueError.notFound(key)
        }
        guard queue.waiting + orders.count <= limits.messagesMax else {
            throw QueueError.full(
                "the queue \(key.name) has \(queue.waiting) messages, of \(limits.messagesMax) at "
                    + "most"
            )
        }
        guard try connection.bytesUsed() < limits.bytesMax else {
            throw QueueError.full("queue.sqlite has reached its \(limits.bytesMax) bytes")
        }
        var enqueued = Enqueued()
        var delayed = 0
        for order in orders {
            if let first = try known(order, in: number, atMicros: now) {
                enqueued.ids.append(first)
                enqueued.duplicates += 1
                continue
            }
            try connection.insert(order.message, at: place(in: number))
            if let due = order.message.dueAt {
                delayed += 1
                agenda.nextDue = min(agenda.nextDue ?? due, due)
            }
            enqueued.ids.append(order.message.id)
        }
        let added = orders.count - enqueued.duplicates
        // The limit goes for all that is enqueued in a turn.
        queue.waiting += added
        undo.append { queue.waiting -= added }
        after.append { [self] in
            queues[number]?.delayed += delayed
            queues[number]?.counts.enqueued += Int64(added)
            queues[number]?.consumer?.arrived()
            active.insert(number)
        }
        return enqueued
    }

    private func known(
        _ order: MessageOrder,
        in queue: Int64,
        atMicros now: Int64
    ) throws(StorageError) -> InvocationID? {
        guard let key = order.deduplicationID else { return nil }
        if let first = try connection.duplicate(of: key, in: queue, atMicros: now) { return first }
        try connection.remember(
            key,
            of: order.message.id,
            in: queue,
            untilMicros: now + limits.deduplicationMillis * 1_000
        )
        return nil
    }

    /// Makes delayed messages ready whose time has come.
    func wakeDue(atMicros now: Int64) throws(StorageError) {
        guard let due = agenda.nextDue, due <= now else { return }
        let found = try connection.due(atMicros: now, limit: Self.wakeMax)
        for (place, group) in found {
            let number = MessagePlace.queue(of: place)
            if let group {
                // It keeps its place: those behind it wait for it.
                try connection.wake(place, to: place)
                let message = try connection.message(at: place)
                after.append { [self] in
                    guard let message else { return }
                    queues[number]?.consumer?.read(message, ofGroup: group)
                }
            } else {
                try connection.wake(place, to: self.place(in: number))
            }
            after.append { [self] in
                queues[number]?.delayed -= 1
                queues[number]?.consumer?.arrived()
                active.insert(number)
            }
        }
        let isMore = found.count == Self.wakeMax
        agenda.nextDue = isMore ? now : try connection.nextDue(afterMicros: now)
    }

    /// Forgets what is kept for a time only.
    func forget(atMicros now: Int64) throws(StorageError) {
        guard agenda.nextForget <= now else { return }
        let isMore = try connection.forget(atMicros: now)
        agenda.resultBytes = try connection.resultBytes()
        agenda.nextForget = isMore ? now : now + Self.forgetMicros
    }

    /// Messages made ready in one turn.
    private static let wakeMax = 1000
    private static let forgetMicros: Int64 = 10_000_000
}
