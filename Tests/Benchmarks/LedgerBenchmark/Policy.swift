/// A way to decide when, and on which thread, gathered records are committed.
enum Policy: Hashable, CustomStringConvertible {
    /// The product's writer: the event loop commits at the end of each tick, a thread stands by.
    case product
    /// The event loop commits each record by itself.
    case eachRow
    /// A thread commits whatever is there.
    case immediate
    /// A thread waits this long after the first record.
    case linger(micros: Int64)
    /// A thread waits for half of what is outstanding, 200 us at most, if that is likely to come.
    case hint
    /// A thread waits for what the rate of arrival promises within the time of two commits.
    case rate

    static let all: [Policy] = [
        .product, .eachRow, .immediate, .linger(micros: 50), .linger(micros: 200),
        .linger(micros: 500), .hint, .rate,
    ]

    var description: String {
        switch self {
        case .product: "tick"
        case .eachRow: "each row"
        case .immediate: "thread, at once"
        case .linger(let micros): "thread, \(micros) us"
        case .hint: "thread, hint"
        case .rate: "thread, rate"
        }
    }
}
