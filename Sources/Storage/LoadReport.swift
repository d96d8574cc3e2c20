/// What was learned about a revision when its model was loaded and tried at deploy.
package struct LoadReport: Sendable, Hashable, Codable {
    /// `predict`, `predictBatch` or `handle`.
    package var handlerKind: String
    /// JSON text: an object with the JSON Schemas `input` and `output`.
    package var schema: String
    package var streamsInput: Bool
    package var hasAttach: Bool
    /// Names of the threads alive after loading, besides the main one.
    package var threads: [String]
    /// Numeric libraries that were found.
    package var modules: [String]
    package var importMicros: Int64
    package var loadMicros: Int64
    /// Of the process that had loaded the model, resident.
    package var memoryBytes: Int64
    /// Whether an instance that was forked from the zygote answered the sample, in time and alike.
    package var isForkable: Bool
    /// Why it isn't forkable, for the one who deployed it; nil when it is.
    package var notForkableReason: String?

    package init(
        handlerKind: String,
        schema: String,
        streamsInput: Bool = false,
        hasAttach: Bool = false,
        threads: [String] = [],
        modules: [String] = [],
        importMicros: Int64 = 0,
        loadMicros: Int64 = 0,
        memoryBytes: Int64 = 0,
        isForkable: Bool,
        notForkableReason: String? = nil
    ) {
        self.handlerKind = handlerKind
        self.schema = schema
        self.streamsInput = streamsInput
        self.hasAttach = hasAttach
        self.threads = threads
        self.modules = modules
        self.importMicros = importMicros
        self.loadMicros = loadMicros
        self.memoryBytes = memoryBytes
        self.isForkable = isForkable
        self.notForkableReason = notForkableReason
    }
}
