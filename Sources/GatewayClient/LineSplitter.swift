/// Cuts bytes that arrive in pieces into lines.
struct LineSplitter {
    /// The longest line; a sender that goes beyond it does not speak this API.
    static let lineBytesMax = 4 << 20

    private var partial: [UInt8] = []

    /// Takes more bytes and gives each line that they complete, without its line break.
    ///
    /// Throws `answerInvalid` when a line is over the limit.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for piece in bytes.split(
            separator: UInt8(ascii: "\n"),
            maxSplits: .max,
            omittingEmptySubsequences: false
        ).enumerated() {
            if piece.offset > 0 {
                if !partial.isEmpty { lines.append(partial) }
                partial.removeAll(keepingCapacity: true)
            }
            partial.append(contentsOf: piece.element)
            guard partial.count <= Self.lineBytesMax else {
                throw ClientError(
                    .answerInvalid,
                    "the gateway sent a line of over \(Self.lineBytesMax) bytes"
                )
            }
        }
        return lines
    }

    /// What came after the last line break.
    mutating func finish() -> [UInt8]? {
        defer { partial = [] }
        return partial.isEmpty ? nil : partial
    }
}
