/// A pool in numbers: instances by state, leases, and requests waiting.
package struct PoolSnapshot: Sendable, Hashable {
    /// The zygote's state without what it carries.
    package enum Zygote: String, Sendable, CaseIterable {
        case unused
        case absent
        case opening
        case ready
        case closing
    }

    package let starting: Int
    package let idle: Int
    package let busy: Int
    /// Instances that take nothing new but have leases.
    package let draining: Int
    package let stopping: Int
    package let leases: Int
    package let waiting: Int
    package let zygote: Zygote

    /// Instances that exist, in whatever state.
    package var instances: Int { starting + idle + busy + draining + stopping }

    init(_ pool: PoolState) {
        let counts = pool.instances.counts
        starting = counts.starting
        idle = counts.idle
        busy = counts.busy
        draining = counts.draining
        stopping = counts.stopping
        leases = counts.leases
        waiting = pool.waiting.count
        zygote =
            switch pool.zygote {
            case .unused: .unused
            case .absent: .absent
            case .opening: .opening
            case .ready: .ready
            case .closing: .closing
            }
    }
}
