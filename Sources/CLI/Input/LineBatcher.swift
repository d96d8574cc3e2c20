/// Lines to send together, each of them a message.
package struct LineBatch: Sendable, Hashable {
    /// With a line break behind each.
    package var bytes: [UInt8] = []
    /// Where each stands in its file, from 1.
    package var numbers: [Int] = []

    package init() {}

    package var isEmpty: Bool { numbers.isEmpty }
}

/// Cuts bytes that arrive in pieces into batches of lines.
///
/// Blank lines are counted and left out. Pure: what reads and sends is elsewhere.
package struct LineBatcher: Sendable {
    /// The most lines in a batch.
    package static let linesMax = 500
    /// A batch is closed before it is longer, unless one line alone is.
    package static let batchBytesMax = 1 << 20
    /// The longest line; no gateway takes a message of this size as it comes.
    package static let lineBytesMax = 64 << 20

    private let skip: Int
    private var number = 0
    private var partial: [UInt8] = []
    private var open = LineBatch()
    private var closed: [LineBatch] = []

    /// Passes over the first `skip` lines.
    package init(skip: Int = 0) { self.skip = skip }

    /// How many lines were read to their end.
    package var lineCount: Int { number }
    package var hasLines: Bool { !open.isEmpty || !closed.isEmpty }

    /// Throws a failure when a line is over the limit.
    package mutating func append(_ piece: ArraySlice<UInt8>) throws(CommandFailure) {
        var rest = piece
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if partial.isEmpty {
                take(rest[..<end])
            } else {
                partial.append(contentsOf: rest[..<end])
                takePartial()
            }
            rest = rest[(end + 1)...]
        }
        partial.append(contentsOf: rest)
        guard partial.count <= Self.lineBytesMax else {
            throw CommandFailure(.refused, "line \(number + 1) is over \(Self.lineBytesMax) bytes")
        }
    }

    /// What came after the last line break is a line too.
    package mutating func finish() {
        if !partial.isEmpty { takePartial() }
    }

    /// The next batch that is full; with `evenIfSmall` what there is.
    package mutating func next(evenIfSmall: Bool) -> LineBatch? {
        if !closed.isEmpty { return closed.removeFirst() }
        guard evenIfSmall, !open.isEmpty else { return nil }
        defer { open = LineBatch() }
        return open
    }

    private mutating func takePartial() {
        let line = partial
        partial.removeAll(keepingCapacity: true)
        take(line)
    }

    private mutating func take(_ line: some BidirectionalCollection<UInt8>) {
        number += 1
        guard number > skip, line.contains(where: { !Self.isBlank($0) }) else { return }
        let length = line.count + 1
        let isFull =
            open.numbers.count == Self.linesMax || open.bytes.count + length > Self.batchBytesMax
        if isFull, !open.isEmpty {
            closed.append(open)
            open = LineBatch()
        }
        open.bytes.append(contentsOf: line)
        open.bytes.append(UInt8(ascii: "\n"))
        open.numbers.append(number)
    }

    /// JSON's white space.
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
