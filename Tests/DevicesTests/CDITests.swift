import Devices
import TestSupport
import Testing

@Suite struct CDITests {
    private let host = HostFixture()
    private let inventory = Inventory([
        .card("GPU-a", 24_000, index: 0, minor: 1), .card("GPU-b", 24_000, index: 1, minor: 0),
    ])
    private let placement = Placement(uuid: "GPU-a")

    private func resolve() throws(DevicesError) -> ContainerDevices {
        try host.resolve(placement, in: inventory)
    }

    private func prepare() throws {
        try host.addNodes()
        try host.addLibraries()
    }

    @Test(arguments: [
        ("/var/run/cdi/nvidia.yaml", CDISample.yaml), ("/etc/cdi/nvidia.json", CDISample.json),
    ])
    func `a device and what all devices of the file need go together`(
        path: String,
        text: String
    ) throws {
        try prepare()
        try host.write(text, to: path)

        let devices = try resolve()

        #expect(devices.source == .specification(path: path))
        #expect(
            devices.nodes.map(\.path) == ["/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm"]
        )
        #expect(devices.nodes.map(\.minor) == [5, 7, 8])
        #expect(devices.nodes.map(\.access) == ["rw", "rw", "r"])
        #expect(devices.additionalGroups.contains(44))
        #expect(devices.environment["NVIDIA_CTK_LIBCUDA_DIR"] == HostFixture.libraryFolder)
        #expect(devices.environment["CUDA_VISIBLE_DEVICES"] == "GPU-a")
        #expect(devices.environment["LD_LIBRARY_PATH"] == HostFixture.libraryFolder)
    }

    @Test func `libraries are also bound under the names that hooks would have linked`() throws {
        try prepare()
        try host.write(CDISample.yaml, to: "/etc/cdi/nvidia.yaml")

        let devices = try resolve()

        let folder = HostFixture.libraryFolder
        #expect(
            devices.mounts.map(\.destination) == [
                "\(folder)/libcuda.so.580.159.04", "\(folder)/libcuda.so.1",
                "\(folder)/libcuda.so",
            ]
        )
        #expect(devices.notes.contains { $0.contains("1 hooks left out") })
        #expect(devices.notes.contains { $0.contains("nvidia-persistenced") })
    }

    @Test func `a device in the generated folder wins over the static one`() throws {
        try prepare()
        try host.write(CDISample.yaml, to: "/etc/cdi/nvidia.yaml")
        try host.write(CDISample.json, to: "/var/run/cdi/nvidia.json")

        #expect(try resolve().source == .specification(path: "/var/run/cdi/nvidia.json"))
    }

    @Test func `two files of one folder with the same device are a conflict`() throws {
        try prepare()
        try host.write(CDISample.yaml, to: "/etc/cdi/a.yaml")
        try host.write(CDISample.json, to: "/etc/cdi/b.json")

        let error = #expect(throws: DevicesError.self) { try resolve() }

        #expect(error?.code == .specificationConflict)
        #expect(error?.cause == "/etc/cdi/a.yaml and /etc/cdi/b.json")
    }

    @Test func `an index that means another card now is not believed`() throws {
        try prepare()
        let stale = CDISample.yaml.replacing("/dev/nvidia1", with: "/dev/nvidia0")
        try host.write(stale, to: "/etc/cdi/nvidia.yaml")

        let devices = try resolve()

        #expect(devices.source == .ownList)
        #expect(devices.nodes.map(\.path).contains("/dev/nvidia1"))
        #expect(devices.notes.contains { $0.contains("is another device than GPU-a") })
    }

    @Test func `a device named by UUID is found before one named by index`() throws {
        try prepare()
        let named = CDISample.yaml.replacing("name: \"0\"", with: "name: GPU-a")
        try host.write(named, to: "/etc/cdi/nvidia.yaml")

        #expect(try resolve().source == .specification(path: "/etc/cdi/nvidia.yaml"))
    }

    @Test func `a slice is found by its place and known by its capabilities`() throws {
        try prepare()
        try host.addCapabilities()
        let inventory = Inventory([.sliced("GPU-a", ["MIG-a": 10_000], minor: 1)])
        let placement = Placement(uuid: "MIG-a", parent: "GPU-a")
        try host.write(CDISample.slice(capability: 13), to: "/etc/cdi/nvidia.yaml")
        #expect(
            try host.resolve(placement, in: inventory).source
                == .specification(path: "/etc/cdi/nvidia.yaml")
        )

        try host.write(CDISample.slice(capability: 22), to: "/etc/cdi/nvidia.yaml")

        #expect(try host.resolve(placement, in: inventory).source == .ownList)
    }

    @Test func `a file that names a library of an older driver is out of date`() throws {
        try prepare()
        let stale = CDISample.yaml.replacing("580.159.04", with: "570.1")
        try host.write(stale, to: "/etc/cdi/nvidia.yaml")

        let error = #expect(throws: DevicesError.self) { try resolve() }

        #expect(error?.code == .specificationStale)
        #expect(error?.message.contains("nvidia-ctk cdi generate") == true)
    }

    @Test func `another vendor's file is passed over`() throws {
        try prepare()
        let other = CDISample.yaml.replacing("nvidia.com/gpu", with: "example.com/gpu")
        try host.write(other, to: "/etc/cdi/other.yaml")

        #expect(try resolve().source == .ownList)
    }

    @Test(arguments: [
        ("kind:", "surprise: 1\nkind:", "unknown field surprise"),
        ("  hooks:", "  surprise: 1\n  hooks:", "unknown field surprise"),
        ("0.7.0", "0.3.0", "below 0.7.0"),
        ("0.7.0", "9.9.9", "unknown cdiVersion 9.9.9"),
        ("kind: nvidia.com/gpu", "", "no field kind"),
        ("devices:", "devices: [", "/etc/cdi/nvidia.yaml"),
    ])
    func `an invalid file is passed over with a note`(
        old: String,
        new: String,
        reason: String
    ) throws {
        try prepare()
        try host.write(CDISample.yaml.replacing(old, with: new), to: "/etc/cdi/nvidia.yaml")

        let devices = try resolve()

        #expect(devices.source == .ownList)
        let note = try #require(devices.notes.first)
        #expect(note.contains("/etc/cdi/nvidia.yaml is not a valid CDI file"))
        #expect(note.contains(reason))
    }
}

/// Files as NVIDIA's toolkit writes them, shortened.
enum CDISample {
    static let yaml = """
        cdiVersion: 0.7.0
        kind: nvidia.com/gpu
        devices:
          - name: "0"
            containerEdits:
              deviceNodes:
                - path: /dev/nvidia1
                  hostPath: /dev/nvidia1
          - name: all
            containerEdits:
              deviceNodes:
                - path: /dev/nvidia0
                - path: /dev/nvidia1
        containerEdits:
          env:
            - NVIDIA_VISIBLE_DEVICES=void
            - NVIDIA_CTK_LIBCUDA_DIR=/usr/lib/x86_64-linux-gnu
          deviceNodes:
            - path: /dev/nvidiactl
              permissions: rwm
            - path: /dev/nvidia-uvm
              permissions: r
          additionalGids: [0, 44]
          hooks:
            - hookName: createContainer
              path: /usr/bin/nvidia-cdi-hook
              args: [nvidia-cdi-hook, update-ldcache]
          mounts:
            - hostPath: /run/nvidia-persistenced/socket
              containerPath: /run/nvidia-persistenced/socket
              options: [ro, nosuid, nodev, rbind, rprivate, noexec]
            - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.159.04
              containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.159.04
              options: [ro, nosuid, nodev, rbind, rprivate]
        """

    static let json = """
        {"cdiVersion": "0.7.0", "kind": "nvidia.com/gpu",
         "devices": [{"name": "0", "containerEdits":
            {"deviceNodes": [{"path": "/dev/nvidia1"}]}}],
         "containerEdits": {
            "env": ["NVIDIA_CTK_LIBCUDA_DIR=/usr/lib/x86_64-linux-gnu"],
            "deviceNodes": [{"path": "/dev/nvidiactl"},
                            {"path": "/dev/nvidia-uvm", "permissions": "r"}],
            "additionalGids": [44],
            "mounts": [{
                "hostPath": "/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.04",
                "containerPath": "/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.04"}]}}
        """

    /// The first slice of the first card, with the second of its capabilities as given.
    static func slice(capability: Int) -> String {
        yaml.replacing("name: \"0\"", with: "name: \"0:0\"").replacing(
            "          hostPath: /dev/nvidia1\n",
            with: """
                          hostPath: /dev/nvidia1
                        - path: /dev/nvidia-caps/nvidia-cap12
                        - path: /dev/nvidia-caps/nvidia-cap\(capability)

                """
        )
    }
}
