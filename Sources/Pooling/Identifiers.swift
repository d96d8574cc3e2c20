/// Names one instance within its pool.
///
/// Ids count up from 1, not always by one, and begin again only after 4,294,967,295; an id that an
/// instance still has is never given to another.
package struct InstanceID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    package var description: String { String(rawValue) }

    package static func < (left: InstanceID, right: InstanceID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Names one caller that wants a lease; the caller chooses it, unlike those waiting at the time.
package struct RequestID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    package var description: String { String(rawValue) }
}
