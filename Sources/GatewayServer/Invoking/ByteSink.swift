import Functions

/// Writes one thing after the other into memory that has room for all of it.
///
/// A buffer checks its room and its owners for each piece; an answer's head has twenty.
struct ByteSink {
    private let memory: UnsafeMutableRawBufferPointer
    var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// What has been written from `start` on.
    func written(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[start..<count])
    }

    mutating func write(_ byte: UInt8) {
        memory[count] = byte
        count += 1
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ id: InvocationID) {
        let place = memory[count..<(count + InvocationID.byteCount)]
        id.write(into: UnsafeMutableRawBufferPointer(rebasing: place))
        count += InvocationID.byteCount
    }

    mutating func write(decimal value: UInt64) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            write(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// Microseconds as milliseconds with three decimals.
    mutating func write(millis micros: Int64) {
        let micros = UInt64(max(0, micros))
        write(decimal: micros / 1000)
        let rest = micros % 1000
        guard rest > 0 else { return }
        write(UInt8(ascii: "."))
        write(UInt8(ascii: "0") + UInt8(rest / 100))
        write(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
        write(UInt8(ascii: "0") + UInt8(rest % 10))
    }
}
