import Hosts

extension ContainerDevices {
    /// Beside its card's node, what every CUDA program opens.
    private static let commonNodes = ["/dev/nvidiactl", "/dev/nvidia-uvm"]
    /// For debuggers and profilers; not every host has it.
    private static let optionalNodes = ["/dev/nvidia-uvm-tools"]

    /// What a CUDA program needs of the host, listed by us.
    ///
    /// - Throws: `nodeMissing`, where the driver has not made its nodes.
    init(
        _ target: DeviceTarget,
        _ libraries: DriverLibraries,
        destination: String,
        in tree: HostTree
    ) throws(DevicesError) {
        self.init(source: .ownList)
        guard let capabilities = target.capabilityNodes(in: tree) else {
            throw DevicesError(
                .nodeMissing,
                "the driver lists no capability of the slice \(target.uuid)",
                cause: "/proc/driver/nvidia-caps/mig-minors"
            )
        }
        for path in [target.cardNode] + Self.commonNodes + capabilities {
            guard let node = Node(path, in: tree) else {
                throw DevicesError(
                    .nodeMissing,
                    "no \(path): run `nvidia-modprobe -u -c=0`, as root"
                )
            }
            add(node)
        }
        for path in Self.optionalNodes {
            if let node = Node(path, in: tree) { add(node) }
        }
        for path in libraries.paths {
            addLibrary(
                Mount(source: path, destination: "\(destination)/\(path.lastComponent)"),
                in: tree
            )
        }
    }
}
