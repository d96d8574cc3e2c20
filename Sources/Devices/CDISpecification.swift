/// A file by the Container Device Interface: devices, and what a container needs for each.
///
/// Fields are those of version 1.1.0 of its specification; any other is refused, as it asks for
/// something that we would not do.
struct CDISpecification: Decodable {
    let version: String
    /// As `nvidia.com/gpu`.
    let kind: String
    let devices: [Device]
    /// What every device of the file needs.
    let edits: Edits
    let hasAnnotations: Bool

    struct Device: Decodable {
        let name: String
        let edits: Edits
        let hasAnnotations: Bool
    }

    struct Edits {
        var environment: [String] = []
        var nodes: [Node] = []
        var mounts: [Mount] = []
        var hooks: [Hook] = []
        var groups: [UInt32] = []
        /// What we cannot do: `netDevices` and `intelRdt`.
        var unsupported: [String] = []
    }

    struct Node {
        let path: String
        let hostPath: String?
        let permissions: String
        let mode: UInt32?
        let user: UInt32?
        let group: UInt32?
    }

    struct Mount {
        let source: String
        let destination: String
        let options: [String]
        let type: String?
    }

    struct Hook {
        let name: String
    }
}

extension CDISpecification {
    private enum Keys: String, CodingKey, CaseIterable {
        case cdiVersion
        case kind
        case annotations
        case devices
        case containerEdits
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.fields(Keys.self)
        version = try fields.decode(String.self, forKey: .cdiVersion)
        kind = try fields.decode(String.self, forKey: .kind)
        devices = try fields.decode([Device].self, forKey: .devices)
        edits = try fields.decodeIfPresent(Edits.self, forKey: .containerEdits) ?? Edits()
        hasAnnotations = try fields.hasEntries(.annotations)
    }
}

extension CDISpecification.Device {
    private enum Keys: String, CodingKey, CaseIterable {
        case name
        case annotations
        case containerEdits
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.fields(Keys.self)
        name = try fields.decode(String.self, forKey: .name)
        edits = try fields.decode(CDISpecification.Edits.self, forKey: .containerEdits)
        hasAnnotations = try fields.hasEntries(.annotations)
    }
}

extension CDISpecification.Edits: Decodable {
    private enum Keys: String, CodingKey, CaseIterable {
        case env
        case deviceNodes
        case netDevices
        case hooks
        case mounts
        case intelRdt
        case additionalGids
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.fields(Keys.self)
        environment = try fields.decodeIfPresent([String].self, forKey: .env) ?? []
        nodes = try fields.decodeIfPresent([CDISpecification.Node].self, forKey: .deviceNodes) ?? []
        mounts = try fields.decodeIfPresent([CDISpecification.Mount].self, forKey: .mounts) ?? []
        hooks = try fields.decodeIfPresent([CDISpecification.Hook].self, forKey: .hooks) ?? []
        groups = try fields.decodeIfPresent([UInt32].self, forKey: .additionalGids) ?? []
        unsupported = [Keys.netDevices, .intelRdt].filter(fields.contains).map(\.rawValue)
    }
}

extension CDISpecification.Node: Decodable {
    private enum Keys: String, CodingKey, CaseIterable {
        case path
        case hostPath
        case type
        case major
        case minor
        case fileMode
        case permissions
        case uid
        case gid
    }

    /// Type and numbers are not taken over: the host's node is asked, which cannot be out of date.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.fields(Keys.self)
        path = try fields.decode(String.self, forKey: .path)
        hostPath = try fields.decodeIfPresent(String.self, forKey: .hostPath)
        permissions = try fields.decodeIfPresent(String.self, forKey: .permissions) ?? ""
        mode = try fields.decodeIfPresent(UInt32.self, forKey: .fileMode)
        user = try fields.decodeIfPresent(UInt32.self, forKey: .uid)
        group = try fields.decodeIfPresent(UInt32.self, forKey: .gid)
    }
}

extension CDISpecification.Mount: Decodable {
    private enum Keys: String, CodingKey, CaseIterable {
        case hostPath
        case containerPath
        case options
        case type
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.fields(Keys.self)
        source = try fields.decode(String.self, forKey: .hostPath)
        destination = try fields.decode(String.self, forKey: .containerPath)
        options = try fields.decodeIfPresent([String].self, forKey: .options) ?? []
        type = try fields.decodeIfPresent(String.self, forKey: .type)
    }
}

extension CDISpecification.Hook: Decodable {
    private enum Keys: String, CodingKey, CaseIterable {
        case hookName
        case path
        case args
        case env
        case timeout
    }

    /// The name is all that is kept, as no hook is run.
    init(from decoder: any Decoder) throws {
        name = try decoder.fields(Keys.self).decode(String.self, forKey: .hookName)
    }
}

extension Decoder {
    /// The fields of an object that may have no others.
    fileprivate func fields<Keys: CodingKey & CaseIterable>(
        _ keys: Keys.Type
    ) throws -> KeyedDecodingContainer<Keys> {
        let known = Set(keys.allCases.map(\.stringValue))
        let given = try container(keyedBy: AnyKey.self).allKeys
        if let unknown = given.first(where: { !known.contains($0.stringValue) }) {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: codingPath,
                    debugDescription: "unknown field \(unknown.stringValue)"
                )
            )
        }
        return try container(keyedBy: keys)
    }
}

extension KeyedDecodingContainer {
    fileprivate func hasEntries(_ key: Key) throws -> Bool {
        try decodeIfPresent([String: String].self, forKey: key).map { !$0.isEmpty } ?? false
    }
}

/// Any name of a field.
private struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}
