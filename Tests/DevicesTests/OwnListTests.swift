import Devices
import Hosts
import TestSupport
import Testing

@Suite struct OwnListTests {
    private let host = HostFixture()
    private let inventory = Inventory([
        .card("GPU-a", 24_000, index: 0, minor: 1), .card("GPU-b", 24_000, index: 1, minor: 0),
    ])

    @Test func `a card is opened by its minor and by no other's node`() throws {
        try host.addNodes()
        try host.addLibraries()

        let devices = try host.resolve(Placement(uuid: "GPU-a"), in: inventory)

        #expect(devices.source == .ownList)
        #expect(
            devices.nodes.map(\.path) == [
                "/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools",
            ]
        )
        // Those of /dev/zero, /dev/full, /dev/random and /dev/urandom.
        #expect(devices.nodes.map(\.major) == [1, 1, 1, 1])
        #expect(devices.nodes.map(\.minor) == [5, 7, 8, 9])
        #expect(devices.nodes.allSatisfy { $0.kind == .character && $0.access == "rw" })
    }

    @Test func `the environment names the card by its UUID`() throws {
        try host.addNodes()
        try host.addLibraries()

        let environment = try host.resolve(Placement(uuid: "GPU-a"), in: inventory).environment

        #expect(environment["CUDA_VISIBLE_DEVICES"] == "GPU-a")
        #expect(environment["NVIDIA_VISIBLE_DEVICES"] == "void")
        #expect(environment["LD_LIBRARY_PATH"] == "/opt/nvidia/lib")
        #expect(environment["TRITON_LIBCUDA_PATH"] == "/opt/nvidia/lib")
    }

    @Test func `libraries of the driver's version are bound under the names they are looked up by`()
        throws
    {
        try host.addNodes()
        try host.addLibraries()

        let mounts = try host.resolve(Placement(uuid: "GPU-a"), in: inventory).mounts

        let version = HostFixture.version
        let bound = Dictionary(uniqueKeysWithValues: mounts.map { ($0.destination, $0.source) })
        let from = HostFixture.libraryFolder
        #expect(
            bound == [
                "/opt/nvidia/lib/libcuda.so.\(version)": "\(from)/libcuda.so.\(version)",
                "/opt/nvidia/lib/libcuda.so.1": "\(from)/libcuda.so.\(version)",
                "/opt/nvidia/lib/libcuda.so": "\(from)/libcuda.so.\(version)",
                "/opt/nvidia/lib/libnvidia-nvvm.so.\(version)":
                    "\(from)/libnvidia-nvvm.so.\(version)",
                "/opt/nvidia/lib/libnvidia-nvvm.so.4": "\(from)/libnvidia-nvvm.so.\(version)",
                "/opt/nvidia/lib/libnvidia-gpucomp.so.\(version)":
                    "\(from)/libnvidia-gpucomp.so.\(version)",
            ]
        )
        #expect(mounts.allSatisfy { $0.options.contains("ro") })
    }

    @Test func `the usual folders are searched when none is named`() throws {
        try host.addNodes()
        try host.addLibraries(in: "/usr/local/nvidia/lib64")

        let devices = try host.resolve(
            Placement(uuid: "GPU-a"),
            in: inventory,
            libraryFolder: nil
        )

        #expect(devices.mounts.contains { $0.source.hasPrefix("/usr/local/nvidia/lib64/libcuda") })
    }

    @Test func `a slice is opened by its card's node and its two capabilities`() throws {
        try host.addNodes()
        try host.addCapabilities()
        try host.addLibraries()
        let inventory = Inventory([.sliced("GPU-a", ["MIG-a": 10_000], minor: 1)])

        let devices = try host.resolve(
            Placement(uuid: "MIG-a", parent: "GPU-a"),
            in: inventory
        )

        let paths = Set(devices.nodes.map(\.path))
        #expect(
            paths.isSuperset(of: [
                "/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap12", "/dev/nvidia-caps/nvidia-cap13",
            ])
        )
        #expect(!paths.contains("/dev/nvidia0"))
        #expect(devices.environment["CUDA_VISIBLE_DEVICES"] == "MIG-a")
    }

    @Test func `a slice without listed capabilities is refused`() throws {
        try host.addNodes()
        try host.addLibraries()
        let inventory = Inventory([.sliced("GPU-a", ["MIG-a": 10_000], minor: 1)])

        #expect {
            try host.resolve(Placement(uuid: "MIG-a", parent: "GPU-a"), in: inventory)
        } throws: { ($0 as? DevicesError)?.code == .nodeMissing }
    }

    @Test(arguments: ["/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm"])
    func `a missing node is refused with the command that makes it`(node: String) throws {
        try host.addNodes(leavingOut: [node])
        try host.addLibraries()

        let error = #expect(throws: DevicesError.self) {
            try host.resolve(Placement(uuid: "GPU-a"), in: inventory)
        }

        #expect(error?.code == .nodeMissing)
        #expect(error?.message.contains(node) == true)
        #expect(error?.message.contains("nvidia-modprobe") == true)
    }

    @Test func `a host without debuggers' node does without it`() throws {
        try host.addNodes(leavingOut: ["/dev/nvidia-uvm-tools"])
        try host.addLibraries()

        #expect(try host.resolve(Placement(uuid: "GPU-a"), in: inventory).nodes.count == 3)
    }

    @Test func `a host without the driver's libraries is refused`() throws {
        try host.addNodes()

        #expect { try host.resolve(Placement(uuid: "GPU-a"), in: inventory) } throws: {
            ($0 as? DevicesError)?.code == .driverLibrariesMissing
        }
    }

    @Test func `a card that the host has no longer is refused`() throws {
        #expect { try host.resolve(Placement(uuid: "GPU-c"), in: inventory) } throws: {
            ($0 as? DevicesError)?.code == .notFound
        }
    }

    @Test func `a node for a group's members brings that group along`() {
        var node = ContainerDevices.Node(
            path: "/dev/nvidia0",
            kind: .character,
            major: 195,
            minor: 0,
            access: "rw",
            mode: 0o660,
            user: 0,
            group: 44
        )

        #expect(node.neededGroup == 44)
        node.mode = 0o666
        #expect(node.neededGroup == nil)
    }

    @Test func `the folder of libcuda is read from a process's mappings`() {
        let maps = """
            55d0-55d1 r--p 00000000 fe:00 1 /usr/bin/gateway
            7f00-7f01 r-xp 00000000 fe:00 2 /opt/a driver/libcuda.so.580.159.04
            7fff-8000 rw-p 00000000 00:00 0 [stack]
            """

        #expect(DriverLibraries.folder(inMaps: maps) == "/opt/a driver")
        #expect(DriverLibraries.folder(inMaps: "7fff-8000 rw-p 0 00:00 0 [stack]") == nil)
    }
}

@Suite struct SharedObjectTests {
    @Test func `a damaged library has no name and does no harm`() throws {
        let host = HostFixture()
        try host.addLibraries()
        let tree = HostTree(root: host.path)
        let path = "\(HostFixture.libraryFolder)/libcuda.so.\(HostFixture.version)"
        let whole = try #require(tree.contents(of: path, bytesMax: 1 << 20))
        #expect(SharedObject.soname(of: path, in: tree) == "libcuda.so.1")

        var random = SeededGenerator(seed: 1)
        for _ in 0..<5000 {
            var bytes = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
            for _ in 0..<20 where !bytes.isEmpty {
                let place = Int.random(in: 0..<min(bytes.count, 1024), using: &random)
                bytes[place] = .random(in: 0...255, using: &random)
            }
            _ = bytes.withUnsafeBytes(SharedObject.soname(in:))
        }
    }
}
