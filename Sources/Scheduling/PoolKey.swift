/// Names one pool of this node; the scheduler counts them up and never gives one twice.
package struct PoolKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    package var description: String { String(rawValue) }

    package static func < (left: PoolKey, right: PoolKey) -> Bool {
        left.rawValue < right.rawValue
    }
}
