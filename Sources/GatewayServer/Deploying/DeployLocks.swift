import NIOConcurrencyHelpers

/// What is being changed: a function, a bundle's folder.
///
/// Nobody waits for one: a second change is refused, or tried again later by who can.
final class DeployLocks: Sendable {
    private let held = NIOLockedValueBox<Set<String>>([])

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

    func unlock(_ keys: Set<String>) { held.withLockedValue { $0.subtract(keys) } }
}
