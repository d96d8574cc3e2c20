import NIOConcurrencyHelpers

/// What is being changed: a function's traffic, a bundle's folder; and who deploys a function.
///
/// A deploy takes minutes, so that it locks the traffic only once its revision is ready. Hardly
/// anybody waits for a lock: a second change is refused, or tried again later by who can.
final class DeployLocks: Sendable {
    private let held = NIOLockedValueBox<Set<String>>([])

    /// One deploy of a function at a time.
    static func deploy(_ name: some CustomStringConvertible) -> String { "deploy \(name)" }
    /// Whether it serves, and what of it: held for moments, and never while waiting for another.
    static func function(_ name: some CustomStringConvertible) -> String { "function \(name)" }
    static func bundle(_ digest: String) -> String { "bundle \(digest)" }

    /// All of them or none.
    func tryLock(_ keys: Set<String>) -> Bool {
        held.withLockedValue { held in
            guard held.isDisjoint(with: keys) else { return false }
            held.formUnion(keys)
            return true
        }
    }

    func holds(_ key: String) -> Bool { held.withLockedValue { $0.contains(key) } }

    /// As soon as nobody else has any of them; false when that takes too long.
    func lock(_ keys: Set<String>, secondsMax: UInt64) async -> Bool {
        let deadline = Clock.monotonicNanos() + secondsMax * 1_000_000_000
        while !tryLock(keys) {
            guard Clock.monotonicNanos() < deadline else { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    func unlock(_ keys: Set<String>) { held.withLockedValue { $0.subtract(keys) } }
}
