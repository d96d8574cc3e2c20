package import Functions
package import Instances

/// The right to use one instance for one invocation.
package struct Lease: Sendable {
    package let instance: any Instance
    package let id: InstanceID
    package let startKind: StartKind
    /// What starting the instance took, the sandbox's opening included; 0 for a warm one.
    package let startNanos: UInt64
}

/// Who waits for a lease; called on any thread, once.
package protocol LeaseWaiter: AnyObject, Sendable {
    func leased(_ lease: Lease)
    func rejected(_ reason: RejectReason)
}

/// What became of asking for a lease.
package enum LeaseDecision {
    case lease(Lease)
    /// The waiter is called later.
    case waiting
    case rejected(RejectReason)
}
