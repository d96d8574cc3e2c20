import Pooling
import Scheduling

extension PoolKey: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt32) { self.init(value) }
}

extension InstanceID: ExpressibleByIntegerLiteral {
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
