/// What a request carries.
package enum RequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// Read from where it stands to its end, and left open; without a size it is sent in chunks.
    case descriptor(Int32, bytes: Int64?)

    /// Nil when it is not known before the end.
    var count: Int64? {
        switch self {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .descriptor(_, let bytes): bytes
        }
    }

    var isPresent: Bool {
        if case .none = self { false } else { true }
    }
}
