package import Functions

/// What the deploy found out about a handler.
package struct RuntimeFacts: Sendable, Hashable, Codable {
    package var handlerKind: HandlerKind
    package var schema: HandlerSchema?
    /// Whether the handler takes its input as it arrives.
    package var streamsInput: Bool
    /// Whether the handler has an `attach`.
    package var hasAttach: Bool
    /// Threads besides the main one that were alive in the zygote, by name.
    package var threads: [String]
    /// Whether instances are forked from the zygote.
    package var forkable: Bool
    /// Why they are not; nil when they are.
    package var forkableReason: String?
    package var importMicros: Int64
    package var loadMicros: Int64
    /// What the zygote holds once loaded.
    package var zygoteMemoryBytes: Int64

    package init(
        handlerKind: HandlerKind,
        schema: HandlerSchema?,
        streamsInput: Bool,
        hasAttach: Bool,
        threads: [String],
        forkable: Bool,
        forkableReason: String?,
        importMicros: Int64,
        loadMicros: Int64,
        zygoteMemoryBytes: Int64
    ) {
        self.handlerKind = handlerKind
        self.schema = schema
        self.streamsInput = streamsInput
        self.hasAttach = hasAttach
        self.threads = threads
        self.forkable = forkable
        self.forkableReason = forkableReason
        self.importMicros = importMicros
        self.loadMicros = loadMicros
        self.zygoteMemoryBytes = zygoteMemoryBytes
    }
}

/// Which of the handler's definitions serves.
package enum HandlerKind: String, Sendable, Hashable, Codable, CaseIterable {
    case predict
    case predictBatch
    case handle
}

/// The JSON Schemas of a handler's input and result, as the runtime wrote them.
package struct HandlerSchema: Sendable, Hashable, Codable {
    package var input: RawJSON?
    package var output: RawJSON?

    package init(input: RawJSON?, output: RawJSON?) {
        self.input = input
        self.output = output
    }
}
