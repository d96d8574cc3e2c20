/// What a try at posting an answer came to.
package enum CallbackVerdict: Sendable, Hashable {
    case delivered
    /// No further try would end otherwise.
    case hopeless(String)
    case again(String)

    /// By the receiver's status.
    package init(status: Int) {
        switch status {
        case 200..<300: self = .delivered
        case 301, 308: self = .hopeless("it has moved for good, and redirects are not followed")
        case 408, 425, 429: self = .again("status \(status)")
        case 400..<500: self = .hopeless("status \(status)")
        default: self = .again("status \(status)")
        }
    }
}
