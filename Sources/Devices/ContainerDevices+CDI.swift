import Hosts

extension CDIRegistry {
    /// The device of `target`, under whichever name a file has it.
    ///
    /// `notes` gains a line for each device that has the name and not the nodes.
    func entry(
        for target: DeviceTarget,
        in tree: HostTree,
        notes: inout [String]
    ) throws(DevicesError) -> Entry? {
        for name in target.names {
            guard let entry = try device(named: name) else { continue }
            if entry.isOf(target, in: tree) { return entry }
            notes.append(
                "\(entry.path): \(Self.kind)=\(name) is another device than \(target.uuid): "
                    + "run `nvidia-ctk cdi generate` again"
            )
        }
        return nil
    }
}

extension CDIRegistry.Entry {
    /// Whether the device gives exactly this card, and of its slices exactly this one.
    fileprivate func isOf(_ target: DeviceTarget, in tree: HostTree) -> Bool {
        let paths = device.edits.nodes.map { $0.hostPath ?? $0.path }
        guard paths.filter(\.isCardNode) == [target.cardNode] else { return false }
        guard let expected = target.capabilityNodes(in: tree) else { return true }
        return Set(paths.filter { $0.hasPrefix("/dev/nvidia-caps/") }) == Set(expected)
    }
}

extension ContainerDevices {
    /// What a CDI file says of a device: its own edits, then those of the whole file.
    ///
    /// - Throws: `specificationStale` where the host has a node or library no longer.
    init(_ entry: CDIRegistry.Entry, in tree: HostTree) throws(DevicesError) {
        self.init(source: .specification(path: entry.path))
        for edits in [entry.device.edits, entry.specification.edits] {
            for variable in edits.environment { add(variable: variable) }
            for node in edits.nodes { add(try Node(node, of: entry, in: tree)) }
            for mount in edits.mounts { try add(mount, of: entry, in: tree) }
            for group in edits.groups { add(group: group) }
            let hooks = edits.hooks.map(\.name)
            if !hooks.isEmpty { notes.append("\(entry.path): \(hooks.count) hooks left out") }
            for field in edits.unsupported { notes.append("\(entry.path): \(field) left out") }
        }
    }

    private mutating func add(variable: String) {
        let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        environment[String(parts[0])] = String(parts[1])
    }

    private mutating func add(
        _ mount: CDISpecification.Mount,
        of entry: CDIRegistry.Entry,
        in tree: HostTree
    ) throws(DevicesError) {
        let isLibrary = mount.source.lastComponent.contains(".so")
        guard tree.status(of: mount.source) != nil else {
            guard !isLibrary else { throw entry.stale(mount.source) }
            notes.append("\(entry.path): no \(mount.source), left out")
            return
        }
        // Behind a socket is a service of the host, of which CUDA programs need none.
        guard !tree.isSocket(mount.source), mount.type ?? "bind" == "bind" else {
            notes.append("\(entry.path): \(mount.source) is no file or folder, left out")
            return
        }
        let options = mount.options.isEmpty ? Mount.optionsDefault : mount.options
        let bind = Mount(source: mount.source, destination: mount.destination, options: options)
        isLibrary ? addLibrary(bind, in: tree) : add(bind)
    }
}

extension ContainerDevices.Node {
    fileprivate init(
        _ node: CDISpecification.Node,
        of entry: CDIRegistry.Entry,
        in tree: HostTree
    ) throws(DevicesError) {
        let hostPath = node.hostPath ?? node.path
        // `m` would let a program make nodes, which nobody needs.
        let access =
            switch node.permissions {
            case "": "rw"
            case "none": ""
            default: node.permissions.filter { "rw".contains($0) }
            }
        guard let found = Self(hostPath, path: node.path, access: access, in: tree) else {
            throw entry.stale(hostPath)
        }
        self = found
        mode = node.mode.map { $0 & 0o777 } ?? mode
        user = node.user ?? user
        group = node.group ?? group
    }
}

extension CDIRegistry.Entry {
    fileprivate func stale(_ missing: String) -> DevicesError {
        DevicesError(
            .specificationStale,
            "\(path) is out of date: run `nvidia-ctk cdi generate --output=\(path)`",
            cause: "no \(missing) on this host"
        )
    }
}

extension String {
    /// Whether this is `/dev/nvidiaN`: the node of a whole card.
    fileprivate var isCardNode: Bool {
        let prefix = "/dev/nvidia"
        let rest = dropFirst(prefix.count)
        return hasPrefix(prefix) && !rest.isEmpty && rest.allSatisfy(\.isWholeNumber)
    }
}
