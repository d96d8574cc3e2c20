package import Functions

/// What a driver needs to make a revision's sandbox; paths are the host's.
package struct SandboxPlan: Sendable {
    package var revision: Revision
    /// The unpacked bundle.
    package var bundle: String
    /// Layers of requirements, in the order of the import path.
    package var layers: [String]
    /// The stored file of the manifest's `model`, which the sandbox sees at its `path`; nil when
    /// the manifest names none.
    package var weights: String?
    /// Nodes, libraries and variables that the GPU needs; empty without one.
    package var devices: DeviceAccess
    /// How long loading may take, in milliseconds.
    package var loadMillisMax: Int
    /// Instances are forked from the zygote; otherwise its process is the only instance.
    package var forks = true

    package init(
        revision: Revision,
        bundle: String,
        layers: [String],
        weights: String? = nil,
        devices: DeviceAccess = DeviceAccess(),
        loadMillisMax: Int
    ) {
        self.revision = revision
        self.bundle = bundle
        self.layers = layers
        self.weights = weights
        self.devices = devices
        self.loadMillisMax = loadMillisMax
    }
}

/// What a container is given so that a process in it can use a device.
package struct DeviceAccess: Sendable, Hashable {
    /// A device node, by its number on the host.
    package struct Node: Sendable, Hashable {
        package var path: String
        package var major: Int
        package var minor: Int

        package init(path: String, major: Int, minor: Int) {
            self.path = path
            self.major = major
            self.minor = minor
        }
    }

    /// A file or folder of the host that the container sees read-only.
    package struct Mount: Sendable, Hashable {
        package var source: String
        package var destination: String

        package init(source: String, destination: String) {
            self.source = source
            self.destination = destination
        }
    }

    package var nodes: [Node] = []
    package var mounts: [Mount] = []
    package var env: [String: String] = [:]
    package var groups: [Int] = []

    package init() {}
}

/// Where an instance runs its model.
package enum Device: String, Sendable, Hashable {
    case cpu
    case cuda
}

/// What loading found out about a handler.
package struct LoadReport: Sendable, Hashable, Codable {
    package var handlerKind: String
    /// JSON Schema of input and output, as JSON text.
    package var schema: String
    package var streamsInput: Bool
    package var hasAttach: Bool
    package var threads: [String]
    package var modules: [String]
    package var importMicros: Int
    package var loadMicros: Int
    /// What the handler printed while it loaded.
    package var log: String

    package init(
        handlerKind: String,
        schema: String,
        streamsInput: Bool,
        hasAttach: Bool,
        threads: [String],
        modules: [String],
        importMicros: Int,
        loadMicros: Int,
        log: String
    ) {
        self.handlerKind = handlerKind
        self.schema = schema
        self.streamsInput = streamsInput
        self.hasAttach = hasAttach
        self.threads = threads
        self.modules = modules
        self.importMicros = importMicros
        self.loadMicros = loadMicros
        self.log = log
    }
}
