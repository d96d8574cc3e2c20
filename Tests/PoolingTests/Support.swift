import Functions
import Pooling

let second: UInt64 = 1_000_000_000
let broken = StartFailure(code: "importFailed", message: "No module named 'nump'.")

extension RequestID: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt64) { self.init(value) }
}

extension InstanceID: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt32) { self.init(value) }
}

extension PoolState {
    /// A pool with its zygote ready, or without need of one, and nothing else.
    static func open(_ limits: PoolLimits = PoolLimits(), forks: Bool = true) -> PoolState {
        var pool = PoolState(limits: limits, forks: forks)
        if forks {
            _ = pool.prewarm(0, now: 0)
            _ = pool.zygoteReady(now: 0)
        }
        return pool
    }

    /// A pool with so many idle instances: 1, idle since 1 s; 2, since 2 s; ...
    static func idle(_ count: Int, _ limits: PoolLimits = PoolLimits()) -> PoolState {
        var pool = PoolState(limits: limits)
        _ = pool.prewarm(count, now: 0)
        for action in pool.zygoteReady(now: 0) {
            guard case .start(let id, _) = action else { continue }
            _ = pool.instanceReady(id, now: UInt64(id.rawValue) * second)
        }
        return pool
    }
}
