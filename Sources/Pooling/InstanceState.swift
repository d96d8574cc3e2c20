package import Functions

/// What one instance is doing.
///
/// starting → idle or busy; idle ↔ busy; busy ↔ held; busy and held → draining; each but busy and
/// held → stopping. Any may end.
package enum InstanceState: Sendable, Hashable {
    case starting(StartKind)
    /// Ready without a lease since that time, in monotonic nanoseconds.
    ///
    /// Until it has `served`, its end counts as a failed start.
    case idle(since: UInt64, served: Bool)
    /// Ready, with 1 lease or more.
    case busy(leases: Int)
    /// Busy, and takes nothing new while so many of its leases are held, at least 1: their
    /// invocations are given grace to stop, and it may have to be stopped with them.
    case held(leases: Int, held: Int)
    /// Takes nothing new; stops with the last of its leases, of which it has at least 1.
    case draining(leases: Int)
    /// Was told to stop, and has no lease.
    case stopping
}

/// What the zygote of a pool is doing.
///
/// absent → opening → ready → closing → absent; from opening and ready also straight to absent,
/// when it fails.
package enum ZygoteState: Sendable, Hashable {
    /// Each instance loads the model by itself; this never changes.
    case unused
    case absent
    /// This many instances are wanted once it is ready, whoever is waiting.
    case opening(prewarm: Int)
    case ready
    /// Opens again, for this many instances, unless nil; one that ends by itself may still have
    /// instances, which end with it.
    case closing(prewarm: Int?)
}
