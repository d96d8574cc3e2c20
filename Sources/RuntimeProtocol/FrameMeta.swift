package import NIOCore

/// The `name: value` lines at the start of a frame's payload.
///
/// Kept as bytes: the common answer has none, and who needs one line looks for it once.
package struct FrameMeta: Sendable, Equatable {
    /// The most bytes of lines that fit the header's 16-bit length.
    package static let byteCountMax = Int(UInt16.max)

    package private(set) var lines: ByteBuffer

    package init() { lines = ByteBuffer() }

    package init(lines: ByteBuffer) { self.lines = lines }

    /// For frames made off the hot path.
    package init(_ pairs: [(name: String, value: String)]) {
        self.init()
        for (name, value) in pairs { append(name, value) }
    }

    package var isEmpty: Bool { lines.readableBytes == 0 }

    /// Adds a line unless it would not fit or has a line break in it; says whether it did.
    @discardableResult
    package mutating func append(_ name: String, _ value: String) -> Bool {
        let bytes = name.utf8.count + value.utf8.count + 3
        guard lines.readableBytes + bytes <= Self.byteCountMax,
            !value.utf8.contains(where: Self.isLineBreak),
            !name.utf8.contains(where: Self.isLineBreak)
        else { return false }
        if !isEmpty { lines.writeInteger(UInt8(ascii: "\n")) }
        lines.writeString(name)
        lines.writeStaticString(": ")
        lines.writeString(value)
        return true
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    /// The value on the line `name`, or nil.
    package subscript(name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// All lines in order; a line without `: ` is left out.
    package var pairs: [(name: String, value: String)] {
        lines.readableBytesView.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":"), after: 1) else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }
            return (
                String(decoding: line[..<colon], as: UTF8.self),
                String(decoding: value, as: UTF8.self)
            )
        }
    }
}

extension Collection where Element == UInt8 {
    /// The first place of `byte` not before `count` elements: a protocol name begins with a colon.
    fileprivate func firstIndex(of byte: UInt8, after count: Int) -> Index? {
        self.dropFirst(count).firstIndex(of: byte)
    }
}
