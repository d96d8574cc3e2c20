import Dispatch
import Functions
import NIOConcurrencyHelpers
import Storage

extension QueueEngine {
    /// Which of a broker's messages, each with the last attempt that the ledger has, are kept here
    /// as dead letters or were redriven; blocks until what it changed is durable.
    /// - Returns: nil when it cannot be said now.
    func deadLetters(among messages: [InvocationID: Int32]) -> Set<InvocationID>? {
        let isDone = DispatchSemaphore(value: 0)
        let found = NIOLockedValueBox<Set<InvocationID>?>(nil)
        let isTaken = send(
            .perform { desk, _ in
                let dead = try desk.deadLetters(among: messages)
                found.withLockedValue { $0 = dead }
            } _: { error in
                if error != nil { found.withLockedValue { $0 = nil } }
                isDone.signal()
            }
        )
        guard isTaken else { return nil }
        isDone.wait()
        return found.withLockedValue { $0 }
    }
}

extension QueueDesk {
    /// Withdraws the dead letters whose attempt has no record: a gateway died between the two, that
    /// attempt is made again under its number, and it may end otherwise.
    func deadLetters(
        among messages: [InvocationID: Int32]
    ) throws(StorageError) -> Set<InvocationID> {
        var dead: Set<InvocationID> = []
        for (id, last) in messages {
            guard let letter = try connection.message(id) else { continue }
            guard let origin = letter.origin, letter.attempt > last, leases[letter.place] == nil
            else {
                dead.insert(id)
                continue
            }
            _ = try connection.acknowledge(letter.place)
            let grave = MessagePlace.queue(of: letter.place)
            after.append { [self] in
                queues[grave]?.waiting -= 1
                queues[grave]?.dying[origin, default: 0] -= 1
                queues[grave]?.consumer?.dropRead()
                active.insert(grave)
            }
        }
        return dead
    }
}
