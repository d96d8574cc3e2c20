import Dispatch
package import Functions
import GatewayServer
import NIOConcurrencyHelpers
package import Storage

extension QueueEngine {
    /// Keeps messages at the end of a queue, all or none; returns once they are durable.
    package func enqueue(
        _ orders: [MessageOrder],
        to name: QueueName
    ) async throws -> Enqueued {
        let key = QueueKey(.queue, name.description)
        return try await perform { desk, now in
            try desk.enqueue(orders, to: key, atMicros: now)
        }
    }

    /// Keeps an asynchronous invocation of a function; returns once it is durable.
    package func enqueue(_ message: NewMessage, of function: FunctionName) async throws {
        try await perform { desk, now in
            guard let key = try desk.asyncQueue(of: function) else {
                throw QueueError.notFound(QueueKey(.async, function.description))
            }
            _ = try desk.enqueue([MessageOrder(message)], to: key, atMicros: now)
        }
    }

    /// Lets a function's queues and schedules run.
    package func bind(_ revision: Revision, isRestored: Bool) async throws {
        let function = BoundFunction(revision)
        try await perform { desk, now in
            try desk.bind(function, isRestored: isRestored, atMicros: now)
        }
    }

    /// Stops a function's queues and schedules.
    package func unbind(_ name: FunctionName) async throws {
        try await perform { desk, _ in try desk.unbind(name) }
    }

    /// Why a function cannot have the queues that its triggers name; nil when it can.
    package func conflict(
        of name: FunctionName,
        _ account: Account,
        _ triggers: Manifest.Triggers
    ) async throws -> String? {
        try await perform(onlyLooks: true) { desk, _ in desk.conflict(of: name, account, triggers) }
    }

    /// Whose a queue is, or the asynchronous invocations of a function; nil when there is none.
    package func owner(of name: String) async throws -> Account? {
        try await perform(onlyLooks: true) { desk, _ in
            [QueueKey(.queue, name), QueueKey(.async, name)]
                .compactMap { desk.numbers[$0] }.first.flatMap { desk.queues[$0]?.account }
        }
    }

    /// Keeps a broker's message as a dead letter, once; blocks until it is durable.
    /// - Returns: whether it is.
    func bury(
        _ message: NewMessage,
        of function: FunctionName,
        in dead: QueueName,
        attempt: Int32,
        failure: MessageFailure
    ) -> Bool {
        let isDone = DispatchSemaphore(value: 0)
        let isKept = NIOLockedValueBox(false)
        let isTaken = send(
            .perform { desk, now in
                try desk.bury(
                    message,
                    of: function,
                    in: dead,
                    attempt: attempt,
                    failure: failure,
                    atMicros: now
                )
            } _: { error in
                isKept.withLockedValue { $0 = error == nil }
                isDone.signal()
            }
        )
        guard isTaken else { return false }
        isDone.wait()
        return isKept.withLockedValue { $0 }
    }

    package func status() async throws -> [QueueStatus] {
        try await perform(onlyLooks: true) { desk, now in try desk.status(atMicros: now) }
    }

    package func schedules() async throws -> [ScheduleStatus] {
        try await perform(onlyLooks: true) { desk, _ in
            desk.schedules.map { key, entry in
                ScheduleStatus(function: key.function, entry: entry)
            }
        }
    }

    package func deadLetters(of name: String, limit: Int) async throws -> [DeadMessage] {
        try await perform(onlyLooks: true) { desk, _ in
            try desk.deadLetters(of: name, limit: limit)
        }
    }

    /// Moves all dead letters of a queue back; returns how many.
    package func redrive(_ name: String) async throws -> Int {
        var moved = 0
        while true {
            let some = try await perform { desk, _ in try desk.redrive(name) }
            moved += some
            if some < QueueDesk.redriveMax { return moved }
        }
    }

    /// Removes all waiting messages or dead letters; returns how many.
    package func purge(_ name: String, dead: Bool) async throws -> Int {
        var removed = 0
        while true {
            let some = try await perform { desk, _ in try desk.purge(name, dead: dead) }
            removed += some
            if some == 0 { return removed }
        }
    }

    package func remove(_ name: String) async throws {
        try await perform { desk, _ in try desk.remove(name) }
    }

    package func find(_ id: InvocationID) async throws -> InvocationPlace {
        try await perform(onlyLooks: true) { desk, _ in try desk.find(id) }
    }

    /// Waits until a message is in no queue, or is a dead letter, for a time at most.
    ///
    /// While the engine drains only what is in flight is waited for.
    package func wait(for id: InvocationID, millis: Int64) async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let mark = UInt64.random(in: 0 ... .max)
        let isOver = try await perform { desk, _ in
            switch try desk.find(id) {
            case .none, .dead: return true
            case .waiting, .running, .retrying:
                desk.waiters[id, default: [:]][mark] = end
                return false
            }
        }
        guard !isOver else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in ends { return } }
            group.addTask { try? await Task.sleep(for: .milliseconds(millis)) }
            await group.next()
            group.cancelAll()
        }
        try await perform { desk, _ in
            desk.waiters[id]?[mark] = nil
            if desk.waiters[id]?.isEmpty == true { desk.waiters[id] = nil }
        }
    }
}

/// A schedule and when it ticks.
package struct ScheduleStatus: Sendable {
    package var function: FunctionName
    package var trigger: ScheduleTrigger
    package var zone: Zone
    /// Microseconds since 1970 UTC.
    package var lastAt: Int64
    package var next: [Int64]

    init(function: FunctionName, entry: ScheduleEntry) {
        self.function = function
        trigger = entry.trigger
        zone = entry.zone
        lastAt = entry.lastAt
        next = []
        var after = entry.lastAt
        while next.count < Self.nextCount, let tick = entry.tick(after: after) {
            next.append(tick)
            after = tick
        }
    }

    private static let nextCount = 5
}
