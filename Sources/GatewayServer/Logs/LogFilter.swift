import GatewayAPI

/// Which lines of a function's log are wanted.
struct LogFilter: Sendable {
    let sinceMicros: Int64?
    let invocation: String?
    private let invocationMark: [UInt8]?

    init(since: Timestamp?, invocation: String?) {
        sinceMicros = since?.micros
        self.invocation = invocation
        invocationMark = invocation.map(LogLineBytes.mark)
    }

    func matches(_ line: LogLine) -> Bool {
        if let sinceMicros, line.atMicros < sinceMicros { return false }
        return invocation == nil || line.invocation == invocation
    }

    /// False when the line is certainly of another invocation; cheaper than decoding it.
    func mayMatch(_ bytes: ArraySlice<UInt8>) -> Bool {
        invocationMark.map { LogLineBytes.has($0, in: bytes) } ?? true
    }
}
