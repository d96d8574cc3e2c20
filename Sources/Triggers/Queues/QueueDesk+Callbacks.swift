import Functions
import Logging
import Storage

extension QueueDesk {
    /// Hands out answers that are to be posted now.
    func sendCallbacks(atMicros now: Int64) throws(StorageError) {
        guard let due = agenda.nextCallback, due <= now else { return }
        let found = try connection.dueCallbacks(
            atMicros: now,
            limit: Self.postingMax + agenda.posting.count
        )
        for callback in found where !agenda.posting.contains(callback.answer.id) {
            guard agenda.posting.count < Self.postingMax else { break }
            agenda.posting.insert(callback.answer.id)
            after.append { [self] in post(callback) }
        }
        // Those that are being posted report back, and the rest is looked for then.
        agenda.nextCallback = try connection.nextCallback(afterMicros: now)
    }

    /// An answer was posted, or could not be.
    func posted(_ callback: StoredCallback, isDone: Bool, atMicros now: Int64) throws(StorageError)
    {
        let id = callback.answer.id
        if isDone || callback.tries + 1 >= limits.callbackAttempts {
            try connection.dropCallback(of: id)
            if !isDone {
                logger.warning(
                    "a callback was given up",
                    metadata: ["id": "\(id)", "tries": "\(callback.tries + 1)"]
                )
            }
        } else {
            let pause = limits.callbackBackoff.pauseMillis(
                after: callback.tries + 1,
                jitter: Double.random(in: 0..<1)
            )
            try connection.delayCallback(
                of: id,
                tries: callback.tries + 1,
                dueAt: now + Int64(pause) * 1_000
            )
        }
        after.append { [self] in agenda.posting.remove(id) }
        agenda.nextCallback = now
    }

    /// Answers posted at once.
    private static let postingMax = 16
}
