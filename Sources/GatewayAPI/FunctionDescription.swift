package import Functions

/// The answer to `GET /v1/functions/NAME`: all that is known of its serving revision.
package struct FunctionDescription: Sendable, Hashable, Codable {
    package var name: String
    /// `NAME-NUMBER`.
    package var revision: String
    /// Counts from 1 within the function.
    package var revisionNumber: Int
    /// SHA-256 of the bundle, 64 hexadecimal digits.
    package var digest: String
    package var account: String
    /// Where the revision came from, as far as it is known.
    package var origin: Origin
    /// How its invocations are divided among its revisions.
    package var traffic: Traffic
    /// Why its probe fails; nil while it does not.
    package var failure: String?
    /// Since 1970 UTC.
    package var deployedAtMicros: Int64
    package var state: FunctionState
    package var image: String
    package var limits: Manifest.Limits
    package var timeout: Manifest.Timeout
    package var scale: Manifest.Scale
    package var rollout: Manifest.Rollout?
    package var probe: Manifest.Probe?
    package var model: Manifest.ModelFile?
    package var network: Manifest.Network
    package var isolation: Manifest.Isolation
    /// What invokes it besides HTTP, each in words.
    package var triggers: [String]
    /// Nil until the revision has loaded once.
    package var runtime: RuntimeFacts?
    package var pool: PoolCounts
    /// Where to `POST` an input.
    package var url: String

    /// Fills in what the revision itself says.
    package init(
        revision: Revision,
        origin: Origin,
        traffic: Traffic,
        failure: String? = nil,
        state: FunctionState,
        runtime: RuntimeFacts?,
        pool: PoolCounts,
        url: String
    ) {
        self.name = revision.function.description
        self.revision = revision.id
        self.revisionNumber = revision.number
        self.digest = revision.digest
        self.account = revision.account.description
        self.origin = origin
        self.traffic = traffic
        self.failure = failure
        self.deployedAtMicros = revision.deployedAtMicros
        self.state = state
        self.image = revision.manifest.image
        self.limits = revision.manifest.limits
        self.timeout = revision.manifest.timeout
        self.scale = revision.manifest.scale
        self.rollout = revision.manifest.rollout
        self.probe = revision.manifest.probe
        self.model = revision.manifest.model
        self.network = revision.manifest.network
        self.isolation = revision.manifest.isolation
        self.triggers = revision.manifest.triggers.texts
        self.runtime = runtime
        self.pool = pool
        self.url = url
    }

    /// What the list shows of it.
    package var summary: FunctionSummary {
        FunctionSummary(
            name: name,
            revision: revision,
            account: account,
            digest: digest,
            origin: origin,
            fallback: traffic.fallback,
            deployedAtMicros: deployedAtMicros,
            state: state,
            pool: pool,
            url: url
        )
    }
}

extension Manifest.Triggers {
    /// `queue patients`, `queue nats://host:4222`, `schedule */5 * * * * in Europe/Stockholm`.
    fileprivate var texts: [String] {
        queues.map { queue in
            switch queue.source {
            case .embedded(let name): "queue \(name)"
            case .broker(let broker): "queue \(broker.shownURL)"
            }
        } + schedules.map { "schedule \($0.cron) in \($0.zone)" }
    }
}
