/// Numbers from 0 to 63.
struct CronSet: Sendable, Hashable {
    private(set) var bits: UInt64 = 0

    init() {}

    init(_ numbers: some Sequence<Int>) {
        for number in numbers { insert(number) }
    }

    mutating func insert(_ number: Int) { bits |= 1 << UInt64(number) }

    func contains(_ number: Int) -> Bool { bits >> UInt64(number) & 1 == 1 }

    /// The least that is not below `number`.
    func first(from number: Int) -> Int? {
        let rest = bits >> UInt64(number)
        return rest == 0 ? nil : number + rest.trailingZeroBitCount
    }

    /// The greatest that is not above `number`.
    func last(upTo number: Int) -> Int? {
        guard number >= 0 else { return nil }
        let rest = bits << UInt64(63 - number)
        return rest == 0 ? nil : number - rest.leadingZeroBitCount
    }
}
