/// The body of `load`: what the zygote needs to load a handler.
package struct LoadMessage: Codable, Sendable {
    package struct Batch: Codable, Sendable {
        package var size: Int
        package var waitMillis: Int

        package init(size: Int, waitMillis: Int) {
            self.size = size
            self.waitMillis = waitMillis
        }
    }

    package var function: String
    package var revision: String
    /// The handler's folder, as the sandbox sees it.
    package var handler: String
    /// Folders for the import path, as the sandbox sees them.
    package var layers: [String]
    package var env: [String: String]
    package var concurrency: Int
    package var batch: Batch?
    /// False: the handler is loaded in one process that serves by itself.
    package var forks: Bool
    /// Folders, as the sandbox sees them, in which what instances leave goes with the last of them.
    package var scratch: [String]
    package var logBytesMax: Int
    package var bodyBytesMax: Int

    package init(
        function: String,
        revision: String,
        handler: String,
        layers: [String],
        env: [String: String],
        concurrency: Int,
        batch: Batch?,
        forks: Bool,
        scratch: [String],
        logBytesMax: Int,
        bodyBytesMax: Int
    ) {
        self.function = function
        self.revision = revision
        self.handler = handler
        self.layers = layers
        self.env = env
        self.concurrency = concurrency
        self.batch = batch
        self.forks = forks
        self.scratch = scratch
        self.logBytesMax = logBytesMax
        self.bodyBytesMax = bodyBytesMax
    }
}

/// The body of `loaded`, without the schema, which is passed on as it came.
package struct LoadedMessage: Codable, Sendable {
    package var `protocol`: Int
    package var handlerKind: String
    package var streamsInput: Bool
    package var hasAttach: Bool
    /// Names of threads besides the main one: they do not survive a fork.
    package var threads: [String]
    package var loadMicros: Int
    package var importMicros: Int
    package var modules: [String]
    package var log: String
}

/// The body of `loadFailed`, `attachFailed` and `error`.
package struct FailureMessage: Codable, Sendable {
    package var message: String
    package var type: String?
    package var traceback: String?
    package var log: String?
}

/// Why a handler could not be loaded: the `:code` of `loadFailed`.
package enum LoadFailureCode: String, Sendable, CaseIterable, Codable {
    case moduleNotFound
    case attributeNotFound
    case importRaised
    case loadRaised
    case signatureInvalid
    case outOfMemory
}

/// How an invocation failed inside the instance: the `:code` of `error`.
package enum InvocationFailureCode: String, Sendable, CaseIterable, Codable {
    case inputInvalid
    case handlerRaised
    case outputInvalid
    case outOfMemory
    case cancelled
}

/// The `value` of `cancel`.
package enum CancelReason: UInt32, Sendable {
    case clientGone = 1
    case deadlinePassed = 2
}
