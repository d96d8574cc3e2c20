import Scheduling

/// A generator with a seed (SplitMix64), so that a failing sequence can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension PoolKey: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt32) { self.init(value) }
}

extension Eviction {
    static func zygotes(_ zygotes: [PoolKey]) -> Eviction {
        var eviction = Eviction()
        eviction.zygotes = zygotes
        return eviction
    }
}

extension BudgetVerdict {
    static func evict(instances: [PoolKey] = [], zygotes: [PoolKey] = []) -> BudgetVerdict {
        var eviction = Eviction.zygotes(zygotes)
        eviction.instances = instances
        return .evict(eviction)
    }
}
