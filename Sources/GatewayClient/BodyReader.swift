import Glibc

/// Hands a request's body out piece by piece.
struct BodyReader {
    private let body: RequestBody
    private var offset = 0

    init(_ body: RequestBody) { self.body = body }

    /// Fills the front of `buffer`; 0 at the end.
    ///
    /// Throws `inputUnreadable` when a file fails, and `cancelled` when a signal that asks to stop
    /// ends the wait for it, or comes with its end: the same signal may have ended whoever writes
    /// it, in the middle.
    mutating func read(
        into buffer: UnsafeMutableRawBufferPointer,
        isCancelled: () -> Bool
    ) throws(ClientError) -> Int {
        switch body {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(buffer.count, bytes.count - offset)
            buffer.copyBytes(from: bytes[offset..<(offset + count)])
            offset += count
            return count
        case .descriptor(let descriptor, _):
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                let reason = errno
                if count > 0 { return count }
                if isCancelled() { throw ClientError(.cancelled, "stopped") }
                if count == 0 { return 0 }
                guard reason == EINTR else {
                    throw ClientError(
                        .inputUnreadable,
                        "the input cannot be read: \(String(cString: strerror(reason)))"
                    )
                }
            }
        }
    }
}
