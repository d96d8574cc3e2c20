import Hosts

extension ContainerDevices {
    /// Where the driver's libraries are put in a container when we choose the place.
    package static let libraryDestinationDefault = "/opt/nvidia/lib"

    /// What a container needs for `placement`: by the host's CDI files where one has the device,
    /// else by a list of our own.
    ///
    /// Reads some dozens of files and blocks meanwhile. `inventory`, as read last, has the minor
    /// numbers. Paths of the host are read under `root`, and are without it in the result. Without
    /// a CDI file, `libcuda.so.*` is looked for in `libraryFolder`, or where the dynamic loader
    /// finds it if that is nil, and goes to `libraryDestination` in the container.
    ///
    /// Throws what an operator must set right: no such GPU, nodes or libraries missing, CDI files
    /// in conflict or out of date.
    package static func resolve(
        _ placement: Placement,
        in inventory: Inventory,
        root: String = "/",
        libraryFolder: String? = nil,
        libraryDestination: String = libraryDestinationDefault
    ) throws(DevicesError) -> ContainerDevices {
        let tree = HostTree(root: root)
        let target = try DeviceTarget(placement, in: inventory)
        let registry = CDIRegistry(in: tree)
        var notes = registry.invalid.map(\.description)

        var devices: ContainerDevices
        if let entry = try registry.entry(for: target, in: tree, notes: &notes) {
            devices = try ContainerDevices(entry, in: tree)
        } else {
            let libraries = try DriverLibraries(folder: libraryFolder, in: tree)
            devices = try ContainerDevices(
                target,
                libraries,
                destination: libraryDestination,
                in: tree
            )
        }
        devices.notes = notes + devices.notes
        devices.finish(for: target)
        return devices
    }

    /// What holds for either source.
    private mutating func finish(for target: DeviceTarget) {
        for node in nodes where node.path.hasPrefix("/dev/nvidia") {
            if let group = node.neededGroup { add(group: group) }
        }
        environment["CUDA_VISIBLE_DEVICES"] = target.uuid
        // Keeps NVIDIA's own hook, where a host has it, from adding devices to ours.
        environment["NVIDIA_VISIBLE_DEVICES"] = "void"
        // Lets torch count devices without initialising CUDA, which would spoil a later fork.
        environment["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
        let libcuda = mounts.first { $0.destination.lastComponent == DriverLibraries.cudaSoname }
        if let folder = libcuda?.destination.folder {
            environment["LD_LIBRARY_PATH"] = folder
            // Triton asks `ldconfig` unless told.
            environment["TRITON_LIBCUDA_PATH"] = folder
        }
        let ordered = mounts.enumerated().sorted {
            ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset)
        }
        mounts = ordered.map(\.element)
    }

    /// A library of the host at `destination`, and under each name by which it is looked up.
    ///
    /// This stands for the links that the vendor's hooks would make in the container.
    mutating func addLibrary(_ mount: Mount, in tree: HostTree) {
        add(mount)
        guard let soname = SharedObject.soname(of: mount.source, in: tree) else { return }
        let aliases = soname == DriverLibraries.cudaSoname ? [soname, "libcuda.so"] : [soname]
        for alias in aliases where alias != mount.destination.lastComponent {
            var named = mount
            named.destination = "\(mount.destination.folder)/\(alias)"
            add(named)
        }
    }
}

extension ContainerDevices.Mount {
    fileprivate var depth: Int { destination.split(separator: "/").count }
}
