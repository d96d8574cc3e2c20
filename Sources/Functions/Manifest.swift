/// What `function.yaml` says, with every default filled in.
package struct Manifest: Sendable, Hashable, Codable {
    package var name: String
    package var runtime: Runtime
    /// `host`, or an OCI reference.
    package var image: String
    package var limits: Limits
    package var timeout: Timeout
    package var scale: Scale
    /// Nil unless the manifest asks for batches.
    package var batch: Batch?
    package var env: [String: String]
    package var secrets: [String]
    package var network: Network
    package var isolation: Isolation
    /// Nil unless a new revision is to take traffic step by step.
    package var rollout: Rollout?
    /// Nil unless the function is to be tried again and again while it serves.
    package var probe: Probe?
    /// Nil unless the model's weights are fetched rather than carried in the bundle.
    package var model: ModelFile?
    /// Nil when there are none, as in revisions that were made before there could be any.
    private var bindings: Triggers?

    package init(
        name: String,
        runtime: Runtime = .python3,
        image: String = "host",
        limits: Limits = Limits(),
        timeout: Timeout = Timeout(),
        scale: Scale = Scale(),
        batch: Batch? = nil,
        env: [String: String] = [:],
        secrets: [String] = [],
        network: Network = .none,
        isolation: Isolation = .zygote,
        rollout: Rollout? = nil,
        probe: Probe? = nil,
        model: ModelFile? = nil,
        triggers: Triggers = Triggers()
    ) {
        self.name = name
        self.runtime = runtime
        self.image = image
        self.limits = limits
        self.timeout = timeout
        self.scale = scale
        self.batch = batch
        self.env = env
        self.secrets = secrets
        self.network = network
        self.isolation = isolation
        self.rollout = rollout
        self.probe = probe
        self.model = model
        self.triggers = triggers
    }

    package var triggers: Triggers {
        get { bindings ?? Triggers() }
        set { bindings = newValue == Triggers() ? nil : newValue }
    }
}

extension Manifest {
    /// The program in the sandbox that serves the handler.
    package enum Runtime: String, Sendable, Hashable, Codable, CaseIterable {
        case python3
        case http
    }

    /// What a sandbox may reach.
    package enum Network: String, Sendable, Hashable, Codable, CaseIterable {
        case none
        case egress
    }

    /// Where instances come from.
    package enum Isolation: String, Sendable, Hashable, Codable, CaseIterable {
        /// Forked from the revision's zygote, where a trial shows that its libraries survive a
        /// fork.
        case zygote
        /// Each instance loads the model by itself.
        case instance
    }

    /// What one instance may use.
    ///
    /// The zygote, which holds the model, has the same limits.
    package struct Limits: Sendable, Hashable, Codable {
        /// Default 256 MiB.
        package var memoryMiB = 256
        /// Thousandths of a core; default 1,000.
        package var cpuMillis = 1000
        /// GPU memory to reserve; 0 (the default) means no GPU.
        package var gpuMemoryMiB = 0
        /// Processes and threads; default 64.
        package var processes = 64
        /// The largest input and the largest answer, in bytes; default 6 MiB.
        package var payloadBytes = 6 << 20

        package init() {}
    }

    /// Durations in milliseconds.
    package struct Timeout: Sendable, Hashable, Codable {
        /// From acceptance to the answer's last byte; default 30,000.
        package var totalMillis = 30_000
        /// From acceptance to the answer's first byte; default: the total.
        package var firstByteMillis = 30_000
        /// Between two pieces of a streamed answer; default 10,000.
        package var idleMillis = 10_000

        package init() {}
    }

    /// How many instances serve the revision.
    package struct Scale: Sendable, Hashable, Codable {
        /// Instances kept even when nobody asks; default 0.
        package var min = 0
        /// Default 8.
        package var max = 8
        /// Invocations that one instance may serve at once; default 1.
        package var concurrency = 1
        /// How long an idle instance is kept, in milliseconds; default 60,000.
        package var keepAliveMillis = 60_000
        /// Invocations that may wait for an instance; default 256.
        package var queue = 256

        package init() {}
    }

    /// How invocations are handed to `predict_batch` together.
    package struct Batch: Sendable, Hashable, Codable {
        /// Invocations in a batch at most; default 16.
        package var size = 16
        /// How long the first one waits for others, in milliseconds; default 5.
        package var waitMillis = 5

        package init() {}
    }
}
