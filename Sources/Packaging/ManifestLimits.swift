package import Functions

/// What a manifest may ask for at most; the gateway may allow less.
package enum ManifestLimits {
    /// Size of `function.yaml`, in bytes.
    package static let fileBytesMax = 64 << 10
    /// Memory of an instance, in MiB; less does not hold the interpreter.
    package static let memoryMiB = 16...(4 << 20)
    /// Thousandths of a core.
    package static let cpuMillis = 10...1_024_000
    /// GPU memory, in MiB; 0 means no GPU.
    package static let gpuMemoryMiB = 0...(1 << 20)
    /// Processes and threads of an instance.
    package static let processes = 1...32_768
    /// An input or an answer, in bytes.
    package static let payloadBytes = 1...(256 << 20)
    /// An invocation from acceptance to its answer's last byte, in milliseconds.
    package static let totalMillis = 1...86_400_000
    /// Instances of a revision that are always there.
    package static let instancesMin = 0...1000
    /// Instances of a revision.
    package static let instancesMax = 1...1000
    /// Invocations that one instance serves at once.
    package static let concurrency = 1...1000
    /// Keep-alive, in milliseconds: up to 7 days.
    package static let keepAliveMillis = 0...604_800_000
    /// Invocations that wait for an instance.
    package static let queue = 1...65_536
    /// Invocations in a batch.
    package static let batchSize = 1...1024
    /// How long the first of a batch waits, in milliseconds.
    package static let batchWaitMillis = 0...10_000
    /// Environment variables.
    package static let envCountMax = 256
    /// An environment variable's value, in bytes.
    package static let envValueBytesMax = 32 << 10
    /// Names in `secrets`.
    package static let secretCountMax = 64
    /// An environment variable's or a secret's name, in bytes.
    package static let nameBytesMax = 128
    /// Entries in `triggers`.
    package static let triggerCountMax = 64
    /// Messages of a queue that are handed to an instance together.
    package static let triggerBatch = 1...1000
    /// Batches of a queue in flight.
    package static let triggerConcurrency = 1...10_000
    /// Attempts at a message or at a tick of a schedule.
    package static let attempts = 1...100
    /// The pause before another attempt, in milliseconds: up to a day.
    package static let backoffMillis = 1...86_400_000
    /// A broker's URL, or one of its names, in bytes.
    package static let brokerURLBytesMax = 2048
    package static let brokerNameBytesMax = 255
    /// The name of a time zone, in bytes.
    package static let zoneBytesMax = 64
    /// A step of a rollout: more than nothing.
    package static let stepShare = Share(1)...Share.all
    /// Steps of a rollout after its canary.
    package static let stepCountMax = 100
    /// How long a step of a rollout lasts, in milliseconds: up to a day.
    package static let stepMillis = 1000...86_400_000
    /// Answers that may fail while a revision is rolled out.
    package static let errorRate = Share.none...Share.all
    /// How many times as long a new revision may run.
    package static let latencyFactor = 1...100
    /// Between two probes, in milliseconds: up to a day.
    package static let probeMillis = 1000...86_400_000
    /// Where a model comes from, in bytes.
    package static let modelSourceBytesMax = 2048
    /// A file's name, in bytes.
    package static let fileNameBytesMax = 255
    /// Digits of a SHA-256.
    package static let digestLength = 64
    /// Words that look like a YAML alias; more could make the file costly to read.
    package static let aliasCountMax = 8
    /// Keys given twice that are reported one by one.
    package static let duplicateKeyCountMax = 32
    /// Faults that are reported for one file.
    package static let faultCountMax = 100
}
