import Billing
package import Functions
package import Pooling
package import Rollouts
import RuntimeProtocol

/// Where invocations of a revision go: its pool, and what is counted of it.
///
/// Immutable: a deploy puts another in its place, and what runs keeps the one it began with.
package final class Route: Sendable {
    package let revision: Revision
    package let pool: Pool
    /// The handler takes its input as it arrives, so an instance is leased before it is whole.
    package let streamsInput: Bool
    package let metrics: RouteMetrics
    package let origin: Origin
    /// What a rollout judges by; nil while there is none.
    package let tally: RevisionTally?
    // Shared by every usage record, so that making one allocates nothing.
    let functionName: String
    let revisionID: String
    let accountName: String
    let memoryMiB: Int32
    let gpuMemoryMiB: Int32
    let totalNanos: UInt64
    let firstByteNanos: UInt64
    let idleNanos: UInt64

    package init(
        revision: Revision,
        pool: Pool,
        streamsInput: Bool,
        metrics: RouteMetrics,
        origin: Origin = Origin(),
        tally: RevisionTally? = nil
    ) {
        self.revision = revision
        self.pool = pool
        self.streamsInput = streamsInput
        self.metrics = metrics
        self.origin = origin
        self.tally = tally
        functionName = revision.function.description
        revisionID = revision.id
        accountName = revision.account.description
        memoryMiB = Int32(clamping: revision.manifest.limits.memoryMiB)
        gpuMemoryMiB = Int32(clamping: revision.manifest.limits.gpuMemoryMiB)
        totalNanos = UInt64(revision.manifest.timeout.totalMillis) * 1_000_000
        firstByteNanos = UInt64(revision.manifest.timeout.firstByteMillis) * 1_000_000
        idleNanos = UInt64(revision.manifest.timeout.idleMillis) * 1_000_000
    }

    /// The same with another tally, or none.
    func counting(with tally: RevisionTally?) -> Route {
        Route(
            revision: revision,
            pool: pool,
            streamsInput: streamsInput,
            metrics: metrics,
            origin: origin,
            tally: tally
        )
    }

    var payloadBytesMax: Int { revision.manifest.limits.payloadBytes }
}
