package import Functions

/// What became of a request; no case needs memory from the heap.
package enum RequestDecision: Sendable, Equatable {
    /// Use this instance, then `release` it.
    case lease(InstanceID, StartKind)
    /// A lease or a rejection comes with a later event; this is to be begun because of it.
    case wait(Start)
    case reject(RejectReason)
}

/// The one thing that a waiting request may set going.
package enum Start: Sendable, Equatable {
    /// Enough is under way, or no more is allowed.
    case nothing
    /// Answer with `zygoteReady` or `zygoteFailed`; instances begin after it.
    case openZygote
    /// Answer with `instanceReady` or `instanceFailed`.
    case instance(InstanceID, StartKind)
}

/// What becomes of an instance that was released.
package enum ReleaseDecision: Sendable, Equatable {
    /// It stays as it is, with one lease less, or the pool no longer knows it.
    case nothing
    /// Its lease passes to a request that was waiting.
    case lease(RequestID, StartKind)
    /// It has no lease and is no longer wanted: stop it, then `instanceEnded`.
    case stop(InstanceID)
}

/// Why a request gets no lease.
package enum RejectReason: Sendable, Equatable {
    /// As many wait as may.
    case queueFull
    /// The pool is being replaced or removed.
    case draining
    /// No instance could be started; 0 nanoseconds means that the next request tries again.
    case startFailed(StartFailure, retryAfterNanos: UInt64)
}

/// Why a zygote or an instance did not become ready, for the person who must act.
package struct StartFailure: Sendable, Hashable, Error {
    /// A stable word, as in the answer's problem document.
    package let code: String
    package let message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// An instance ended by itself before it had served anything.
    package static let instanceEnded = StartFailure(
        code: "instanceEnded",
        message: "The instance ended before it served an invocation."
    )
    /// A zygote ended by itself, and its instances with it.
    package static let zygoteEnded = StartFailure(
        code: "zygoteEnded",
        message: "The zygote ended, and its instances with it."
    )
}

/// What the pool's owner does next, in the order given.
package enum PoolAction: Sendable, Equatable {
    /// Answer with `zygoteReady` or `zygoteFailed`.
    case openZygote
    /// Answer with `instanceReady` or `instanceFailed`.
    case start(InstanceID, StartKind)
    /// Answer with `instanceEnded`; the instance may still be starting.
    case stop(InstanceID)
    /// Answer with `zygoteEnded`.
    case closeZygote
    case lease(RequestID, InstanceID, StartKind)
    case reject(RequestID, RejectReason)
    /// Nothing is left: no instance, no zygote, nobody waiting, for good.
    case drained
}
