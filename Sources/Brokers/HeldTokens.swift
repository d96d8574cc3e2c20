package import Triggers

/// Messages that this consumer keeps until their pause has passed, for brokers that cannot wait
/// themselves.
package struct HeldTokens {
    private struct Held {
        var token: BrokerMessage.Token
        var dueMillis: Int64
    }

    /// The first due comes last, where it is taken from.
    private var held: [Held] = []

    package init() {}

    package var count: Int { held.count }
    package var nextDueMillis: Int64? { held.last?.dueMillis }
    package var tokens: [BrokerMessage.Token] { held.map(\.token) }

    package mutating func hold(_ token: BrokerMessage.Token, untilMillis dueMillis: Int64) {
        var low = 0
        var high = held.count
        while low < high {
            let middle = (low + high) / 2
            if held[middle].dueMillis > dueMillis { low = middle + 1 } else { high = middle }
        }
        held.insert(Held(token: token, dueMillis: dueMillis), at: low)
    }

    /// Takes out up to `max` whose pause has passed, the longest due first.
    package mutating func takeDue(atMillis now: Int64, max: Int) -> [BrokerMessage.Token] {
        var due: [BrokerMessage.Token] = []
        while due.count < max, let next = held.last, next.dueMillis <= now {
            due.append(next.token)
            held.removeLast()
        }
        return due
    }
}
