/// What a container needs so that programs in it can use one GPU or slice, and no other.
package struct ContainerDevices: Sendable, Hashable {
    /// One entry a path.
    package var nodes: [Node] = []
    /// Outer folders before inner ones; one entry a destination.
    package var mounts: [Mount] = []
    /// To be joined with the container's own, which give way; of `LD_LIBRARY_PATH` both are kept,
    /// this one first.
    package var environment: [String: String] = [:]
    /// Groups that the process must be in to open the nodes.
    package var additionalGroups: [UInt32] = []
    package var source: Source
    /// What was left out and why, for `faas doctor`.
    package var notes: [String] = []
}

extension ContainerDevices {
    /// A device node to make in the container, and to allow in its cgroup.
    package struct Node: Sendable, Hashable {
        /// In the container.
        package var path: String
        package var kind: Kind
        package var major: UInt32
        package var minor: UInt32
        /// For the cgroup's rule: letters of `rw`, never `m`; empty to make the node and allow no
        /// use of it.
        package var access: String
        /// Permission bits.
        package var mode: UInt32
        package var user: UInt32
        package var group: UInt32

        package init(
            path: String,
            kind: Kind,
            major: UInt32,
            minor: UInt32,
            access: String,
            mode: UInt32,
            user: UInt32,
            group: UInt32
        ) {
            self.path = path
            self.kind = kind
            self.major = major
            self.minor = minor
            self.access = access
            self.mode = mode
            self.user = user
            self.group = group
        }
    }

    /// What OCI calls a device's type.
    package enum Kind: String, Sendable, Hashable {
        case character = "c"
        case block = "b"
    }

    /// A read-only bind of a file or folder of the host, unless `options` say otherwise.
    package struct Mount: Sendable, Hashable {
        /// On the host.
        package var source: String
        /// In the container.
        package var destination: String
        package var options: [String] = Mount.optionsDefault

        package static let optionsDefault = ["ro", "nosuid", "nodev", "rbind", "rprivate"]
    }

    /// Who said what the container needs.
    package enum Source: Sendable, Hashable {
        /// A file by the Container Device Interface, made by the vendor's tools.
        case specification(path: String)
        /// No such file has the device: our own list.
        case ownList
    }
}

extension ContainerDevices {
    mutating func add(_ node: Node) {
        nodes.removeAll { $0.path == node.path }
        nodes.append(node)
    }

    mutating func add(_ mount: Mount) {
        mounts.removeAll { $0.destination == mount.destination }
        mounts.append(mount)
    }

    mutating func add(group: UInt32) {
        // Group 0 would give more than the device.
        if group != 0 && !additionalGroups.contains(group) { additionalGroups.append(group) }
    }
}
