/// How many instances of a revision are in which state, and what waits for them.
package struct PoolCounts: Sendable, Hashable, Codable {
    package var idle: Int
    package var busy: Int
    package var starting: Int
    /// Instances whose GPU memory lies in host memory.
    package var parked: Int
    /// Invocations in the queue.
    package var waiting: Int
    package var zygote: ZygoteState

    package init(
        idle: Int = 0,
        busy: Int = 0,
        starting: Int = 0,
        parked: Int = 0,
        waiting: Int = 0,
        zygote: ZygoteState = .absent
    ) {
        self.idle = idle
        self.busy = busy
        self.starting = starting
        self.parked = parked
        self.waiting = waiting
        self.zygote = zygote
    }

    /// All that exist, parked ones too.
    package var instances: Int { idle + busy + starting + parked }
}

/// What became of a revision's zygote.
package enum ZygoteState: String, Sendable, Hashable, Codable, CaseIterable {
    /// Not in memory: never started, or evicted.
    case absent
    case starting
    /// Loaded; the next instance is a fork of it.
    case ready
    /// This revision's instances load by themselves.
    case unused
}
