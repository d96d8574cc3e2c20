/// Names one invocation: a UUIDv7 (RFC 9562), so that ids sort by the time of acceptance.
package struct InvocationID: Hashable, Sendable, CustomStringConvertible, Comparable {
    /// The 64 bits with the time in milliseconds, the version and 12 bits below the millisecond.
    package let high: UInt64
    /// The variant and 62 random bits.
    package let low: UInt64

    /// Makes an id for an invocation accepted `micros` microseconds after 1970 UTC.
    ///
    /// The 12 bits after the version hold the microseconds within the millisecond, scaled to 4,096
    /// steps (RFC 9562, section 6.2, method 3), so that ids of one gateway sort finer than 1 ms.
    package init(acceptedAtMicros micros: Int64, random: UInt64) {
        let micros = UInt64(max(0, micros))
        let fraction = (micros % 1000) * 4096 / 1000
        high = (micros / 1000) << 16 | 0x7000 | fraction
        low = 0x8000_0000_0000_0000 | (random >> 2)
    }

    /// The id with these bits, as they were kept.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the form `018f2c6e-4d3a-7abc-8def-0123456789ab`; nil when `text` is anything else.
    package init?(_ text: String) {
        var digits: [UInt64] = []
        digits.reserveCapacity(32)
        for (offset, byte) in text.utf8.enumerated() {
            if Self.hyphenOffsets.contains(offset) {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.digit(byte) else { return nil }
                digits.append(digit)
            }
        }
        guard digits.count == 32, text.utf8.count == 36 else { return nil }
        high = digits[..<16].reduce(0) { $0 << 4 | $1 }
        low = digits[16...].reduce(0) { $0 << 4 | $1 }
    }

    /// Milliseconds since 1970 UTC at which the invocation was accepted.
    package var acceptedAtMillis: Int64 { Int64(high >> 16) }

    package var description: String {
        String(unsafeUninitializedCapacity: Self.byteCount) { buffer in
            write(into: UnsafeMutableRawBufferPointer(buffer))
            return Self.byteCount
        }
    }

    /// Bytes of the text form.
    package static let byteCount = 36

    /// Writes the text form into the front of `buffer`.
    package func write(into buffer: UnsafeMutableRawBufferPointer) {
        write(high, bytes: 4, below: 64, into: buffer, at: 0)
        write(high, bytes: 2, below: 32, into: buffer, at: 9)
        write(high, bytes: 2, below: 16, into: buffer, at: 14)
        write(low, bytes: 2, below: 64, into: buffer, at: 19)
        write(low, bytes: 6, below: 48, into: buffer, at: 24)
        buffer[8] = UInt8(ascii: "-")
        buffer[13] = UInt8(ascii: "-")
        buffer[18] = UInt8(ascii: "-")
        buffer[23] = UInt8(ascii: "-")
    }

    /// Writes the digits of `count` bytes, the first of which ends below bit `top`.
    @inline(__always)
    private func write(
        _ word: UInt64,
        bytes count: Int,
        below top: UInt64,
        into buffer: UnsafeMutableRawBufferPointer,
        at start: Int
    ) {
        for index in 0..<(2 * count) {
            let nibble = UInt8(truncatingIfNeeded: word >> (top - 4 - 4 * UInt64(index))) & 15
            buffer[start + index] = nibble &+ (nibble < 10 ? 0x30 : 0x57)
        }
    }

    package static func < (left: InvocationID, right: InvocationID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    private static let hyphenOffsets = [8, 13, 18, 23]

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        default: nil
        }
    }
}
