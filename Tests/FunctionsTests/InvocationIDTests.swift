import Foundation
import Functions
import TestSupport
import Testing

@Suite struct InvocationIDTests {
    /// A time of this project's days, in microseconds since 1970.
    private static let now: Int64 = 1_795_000_000_123_456

    @Test func `an id is a UUID of version 7 and the RFC's variant`() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<5_000 {
            let id = InvocationID.random(using: &generator)

            #expect(id.high >> 12 & 0xF == 7)
            #expect(id.low >> 62 == 0b10)
            let text = Array(id.description)
            #expect(text[14] == "7")
            #expect("89ab".contains(text[19]))
            #expect(UUID(uuidString: id.description) != nil)
        }
    }

    @Test func `its first 48 bits are the milliseconds since 1970`() {
        let id = InvocationID(acceptedAtMicros: Self.now, random: 0)

        #expect(id.acceptedAtMillis == Self.now / 1000)
        #expect(id.high >> 16 == UInt64(Self.now / 1000))
    }

    @Test func `the RFC's own example has its milliseconds where ours has them`() throws {
        // RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z.
        let id = try #require(InvocationID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))

        #expect(id.acceptedAtMillis == 1_645_557_742_000)
        #expect(id.high >> 12 & 0xF == 7)
        #expect(id.low >> 62 == 0b10)
    }

    @Test func `the text form is read back as the same id`() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<5_000 {
            let id = InvocationID.random(using: &generator)
            let read = try #require(InvocationID(id.description))

            #expect(read == id)
            #expect(id.description == UUID(uuidString: id.description)?.uuidString.lowercased())
        }
    }

    @Test func `ids sort by time, as numbers and as text`() {
        var generator = SeededGenerator(seed: 3)
        var micros = Self.now
        var earlier = InvocationID(acceptedAtMicros: micros, random: generator.next())
        for _ in 0..<5_000 {
            micros += Int64.random(in: 1...3_000, using: &generator)
            let later = InvocationID(acceptedAtMicros: micros, random: generator.next())

            #expect(earlier < later)
            #expect(earlier.description < later.description)
            earlier = later
        }
    }

    @Test func `every microsecond of a millisecond has a place of its own`() {
        let ids = (0..<1000).map { InvocationID(acceptedAtMicros: 5_000_000 + $0, random: 0) }

        #expect(Set(ids.map(\.high)).count == 1000)
        #expect(ids.map(\.high) == ids.map(\.high).sorted())
        #expect(ids.allSatisfy { $0.acceptedAtMillis == 5_000 })
    }

    @Test func `of one microsecond the random bits decide`() {
        let ids = (0..<1000).map { InvocationID(acceptedAtMicros: 1, random: UInt64($0) << 2) }

        #expect(Set(ids).count == 1000)
        #expect(ids == ids.sorted())
    }

    @Test func `the ends of time make an id`() {
        for micros in [Int64.min, -1, 0, 1, Int64(1) << 48 * 1000 - 1] {
            let id = InvocationID(acceptedAtMicros: micros, random: .max)

            #expect(id.high >> 12 & 0xF == 7)
            #expect(InvocationID(id.description) == id)
        }
    }

    @Test(arguments: [
        "", "-", "018f2c6e4d3a7abc8def0123456789ab", "018f2c6e-4d3a-7abc-8def-0123456789a",
        "018f2c6e-4d3a-7abc-8def-0123456789abc", "018f2c6e-4d3a-7abc-8def-0123456789ag",
        "018f2c6e_4d3a_7abc_8def_0123456789ab", "{018f2c6e-4d3a-7abc-8def-0123456789ab}",
        "018f2c6-e4d3a-7abc-8def-0123456789ab", " 018f2c6e-4d3a-7abc-8def-0123456789a",
        "018f2c6e-4d3a-7abc-8def-0123456789é", "--------------------------------------",
        "018F2C6E-4D3A-7ABC-8DEF-0123456789AB",
    ])
    func `other texts are no ids`(text: String) {
        #expect(InvocationID(text) == nil)
    }

    @Test func `the text written into a buffer is the description`() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<1_000 {
            let id = InvocationID.random(using: &generator)
            let bytes = [UInt8](unsafeUninitializedCapacity: 36) { buffer, count in
                id.write(into: UnsafeMutableRawBufferPointer(buffer))
                count = 36
            }

            #expect(String(decoding: bytes, as: UTF8.self) == id.description)
        }
    }
}

extension InvocationID {
    fileprivate static func random(using generator: inout SeededGenerator) -> InvocationID {
        InvocationID(
            acceptedAtMicros: Int64.random(in: 0...(1 << 48) * 1000 - 1, using: &generator),
            random: generator.next()
        )
    }
}
