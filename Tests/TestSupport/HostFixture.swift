import Foundation

/// A made-up host under a temporary folder.
///
/// Its device nodes are links to nodes that every machine has, so that no privilege is needed; each
/// has numbers of its own.
package struct HostFixture {
    package static let version = "580.159.04"
    package static let libraryFolder = "/usr/lib/x86_64-linux-gnu"

    private static let libraries = Result { try compileLibraries() }

    private let root = Result { try TemporaryFolders.make() }
    package var path: String { (try? root.get().path) ?? "" }

    package init() {}

    package func write(_ text: String, to path: String) throws {
        try text.write(to: try place(path), atomically: true, encoding: .utf8)
    }

    package func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: try place(path).path,
            withDestinationPath: target
        )
    }

    /// The driver's nodes, for a card of minor 0 and one of minor 1.
    package func addNodes(leavingOut missing: Set<String> = []) throws {
        let nodes = [
            "/dev/nvidia0": "/dev/null", "/dev/nvidia1": "/dev/zero",
            "/dev/nvidiactl": "/dev/full", "/dev/nvidia-uvm": "/dev/random",
            "/dev/nvidia-uvm-tools": "/dev/urandom",
        ]
        for (node, target) in nodes where !missing.contains(node) { try link(node, to: target) }
    }

    /// The capabilities of two slices of the card of minor 1.
    package func addCapabilities() throws {
        try write(
            "config 1\nmonitor 2\ngpu1/gi1/access 12\ngpu1/gi1/ci0/access 13\n"
                + "gpu1/gi5/access 14\ngpu1/gi5/ci0/access 15\n",
            to: "/proc/driver/nvidia-caps/mig-minors"
        )
        try link("/dev/nvidia-caps/nvidia-cap12", to: "/dev/null")
        try link("/dev/nvidia-caps/nvidia-cap13", to: "/dev/zero")
        try link("/dev/nvidia-caps/nvidia-cap14", to: "/dev/full")
        try link("/dev/nvidia-caps/nvidia-cap15", to: "/dev/random")
    }

    /// Real shared libraries with the driver's names, and what lies beside them on a real host.
    package func addLibraries(in folder: String = libraryFolder) throws {
        for (name, library) in try Self.libraries.get() {
            try library.write(to: try place("\(folder)/\(name)"))
        }
        try link("\(folder)/libcuda.so.1", to: "libcuda.so.\(Self.version)")
        try write("for graphics", to: "\(folder)/libnvidia-glcore.so.\(Self.version)")
        try write("of another version", to: "\(folder)/libnvidia-nvvm.so.535.1")
        try write("another's", to: "\(folder)/libc.so.6")
    }

    private func place(_ path: String) throws -> URL {
        let place = try root.get().appending(path: path)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        return place
    }

    private static func compileLibraries() throws -> [String: Data] {
        let sonames = [
            "libcuda.so.\(version)": "libcuda.so.1",
            "libnvidia-nvvm.so.\(version)": "libnvidia-nvvm.so.4",
            "libnvidia-gpucomp.so.\(version)": "libnvidia-gpucomp.so.\(version)",
        ]
        return try sonames.mapValues { soname in
            try Compiler.library(
                of: URL(filePath: "/dev/null"),
                options: ["-Wl,-soname,\(soname)"]
            )
        }
    }
}
