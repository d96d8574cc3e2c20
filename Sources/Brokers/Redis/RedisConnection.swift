#if Redis
import Glibc
import Triggers

/// One consumer's turn at a stream.
///
/// Redis has no delayed delivery. An entry that is to come again stays pending for this consumer,
/// which knows when it is due, keeps it from others by claiming it for itself (that restarts the
/// entry's idle time), and claims it once more to read it. A consumer that dies leaves its entries
/// pending: whoever is there, under its name or another, claims what has been idle for longer than
/// the lease. A name alone says nothing: two gateways may have the same.
final class RedisConnection: BrokerConnection {
    /// Entries that wait for another attempt; beyond it no new ones are taken.
    private static let heldCountMax = 10_000
    private static let chunk = 500
    /// Where a scan of the pending ones begins and ends.
    private static let firstID = "0-0"

    let leaseMillis: Int?
    private let lease: Int64
    private let place: RedisPlace
    private let link: RedisLink
    private var held = HeldTokens()
    private var claimCursor = RedisConnection.firstID
    private var nextClaimMillis: Int64 = 0
    private var nextKeepMillis: Int64

    init(_ place: RedisPlace, link: RedisLink, leaseMillis: Int) {
        self.place = place
        self.link = link
        self.leaseMillis = leaseMillis
        lease = Int64(leaseMillis)
        nextKeepMillis = MonotonicClock.nowMillis + lease / 3
    }

    func close() { link.close() }

    func receive(max most: Int, waitMillis: Int) throws(BrokerError) -> [BrokerMessage] {
        let count = min(most, BrokerLimits.messagesMax)
        let wait = Int64(min(waitMillis, BrokerLimits.waitMillisMax))
        let deadline = MonotonicClock.nowMillis + wait
        while true {
            try keepHeld()
            let again = try takeAgain(count)
            if !again.isEmpty { return again }
            let now = MonotonicClock.nowMillis
            var pause = min(deadline, nextClaimMillis, nextKeepMillis)
            if let due = held.nextDueMillis { pause = min(pause, due) }
            var new: [BrokerMessage] = []
            if held.count < Self.heldCountMax {
                new = try takeNew(count, waitMillis: pause - now)
            } else {
                _ = poll(nil, 0, Int32(clamping: max(0, pause - now)))
            }
            if !new.isEmpty || MonotonicClock.nowMillis >= deadline { return new }
        }
    }

    func settle(_ settlements: [BrokerSettlement]) throws(BrokerError) {
        var done: [String] = []
        var again: [String] = []
        let now = MonotonicClock.nowMillis
        for settlement in settlements {
            switch settlement.verdict {
            case .acknowledged: done.append(settlement.token)
            case .again(let millis):
                again.append(settlement.token)
                held.hold(settlement.token, untilMillis: now + Int64(max(0, millis)))
            }
        }
        try sendInChunks(done) { ["XACK", place.stream, place.group] + $0 }
        try extend(again)
    }

    func extend(_ tokens: [BrokerMessage.Token]) throws(BrokerError) {
        try sendInChunks(tokens) { claim($0) + ["JUSTID"] }
    }
}

// MARK: - Taking

extension RedisConnection {
    /// What may have been delivered before: held entries that are due, and those that nobody has
    /// claimed for longer than the lease.
    private func takeAgain(_ count: Int) throws(BrokerError) -> [BrokerMessage] {
        let due = held.takeDue(atMillis: MonotonicClock.nowMillis, max: count)
        if !due.isEmpty {
            let entries = entries(try link.command(claim(due)))
            if !entries.isEmpty { return entries.compactMap { $0.message(isRedelivered: true) } }
        }
        return try takeLeft(count)
    }

    private func takeLeft(_ count: Int) throws(BrokerError) -> [BrokerMessage] {
        guard MonotonicClock.nowMillis >= nextClaimMillis else { return [] }
        let reply = try link.command([
            "XAUTOCLAIM", place.stream, place.group, place.consumer, "\(lease)", claimCursor,
            "COUNT", "\(count)",
        ])
        claimCursor = reply.elements?.first?.text ?? Self.firstID
        if claimCursor == Self.firstID {
            nextClaimMillis = MonotonicClock.nowMillis + max(1, lease / 4)
        }
        let found = reply.elements.flatMap { $0.count > 1 ? entries($0[1]) : nil } ?? []
        return found.compactMap { $0.message(isRedelivered: true) }
    }

    private func takeNew(_ count: Int, waitMillis: Int64) throws(BrokerError) -> [BrokerMessage] {
        guard waitMillis > 0 else {
            return streamEntries(try link.command(read(count)))
                .compactMap { $0.message(isRedelivered: false) }
        }
        try link.setTimeout(millis: Int(waitMillis) + BrokerLimits.requestMillis)
        let reply = try link.command(read(count, waitMillis: waitMillis))
        try link.setTimeout(millis: BrokerLimits.requestMillis)
        return streamEntries(reply).compactMap { $0.message(isRedelivered: false) }
    }

    /// Held entries would be idle for too long without this.
    private func keepHeld() throws(BrokerError) {
        let now = MonotonicClock.nowMillis
        guard now >= nextKeepMillis else { return }
        nextKeepMillis = now + max(1, lease / 3)
        try extend(held.tokens)
    }
}

// MARK: - Commands and replies

extension RedisConnection {
    private func claim(_ ids: [String]) -> [String] {
        ["XCLAIM", place.stream, place.group, place.consumer, "0"] + ids
    }

    private func read(_ count: Int, waitMillis: Int64? = nil) -> [String] {
        var words = ["XREADGROUP", "GROUP", place.group, place.consumer, "COUNT", "\(count)"]
        if let waitMillis { words += ["BLOCK", "\(waitMillis)"] }
        return words + ["STREAMS", place.stream, ">"]
    }

    /// All chunks are sent before the first reply is read.
    private func sendInChunks(
        _ ids: [String],
        _ words: ([String]) -> [String]
    ) throws(BrokerError) {
        let starts = stride(from: 0, to: ids.count, by: Self.chunk)
        for start in starts {
            try link.send(words(Array(ids[start..<min(ids.count, start + Self.chunk)])))
        }
        for _ in starts { _ = try link.reply() }
    }

    private func entries(_ reply: RedisReply) -> [RedisEntry] {
        (reply.elements ?? []).compactMap(RedisEntry.init)
    }

    /// The entries in the answer of a read from one stream: `[[stream, [entry, ...]]]`.
    private func streamEntries(_ reply: RedisReply) -> [RedisEntry] {
        guard let stream = reply.elements?.first?.elements, stream.count == 2 else { return [] }
        return entries(stream[1])
    }
}
#endif
