import Glibc
import Hosts

/// The driver's libraries for CUDA programs, which must be of the loaded driver's version.
package struct DriverLibraries {
    /// What programs and the dynamic loader know the driver's main library as.
    static let cudaSoname = "libcuda.so.1"
    /// Tried in this order where the dynamic loader does not know the library.
    private static let folders = [
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
        "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib",
    ]
    /// What CUDA programs load, the just-in-time compilers among it.
    ///
    /// Those for graphics, video and management are left out. A driver has only some of these.
    private static let stems: Set = [
        "libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler", "libnvidia-nvvm",
        "libnvidia-gpucomp", "libnvidia-tileiras", "libnvidia-fatbinaryloader",
        "libnvidia-opencl", "libnvidia-compiler", "libnvidia-allocator", "libnvidia-pkcs11",
        "libnvidia-pkcs11-openssl3",
    ]
    /// Has a version of its own and not the driver's.
    private static let nvvm70 = "libnvidia-nvvm70.so."

    /// A process has some thousands of mappings, each a line.
    private static let mapsBytesMax = 16 << 20

    /// On the host, without links, sorted.
    let paths: [String]

    /// Looks in `folder` alone; if it is nil, where the dynamic loader looks, then in the usual
    /// ones.
    init(folder: String?, in tree: HostTree) throws(DevicesError) {
        let places = folder.map { [$0] } ?? [Self.loadersFolder()].compactMap(\.self) + Self.folders
        for place in places {
            guard let cuda = Self.cuda(in: place, tree) else { continue }
            let home = cuda.folder
            let version = cuda.lastComponent.dropFirst("libcuda.so.".count)
            paths = tree.names(in: home).filter { Self.belongs($0, version: version) }
                .map { "\(home)/\($0)" }
            return
        }
        throw DevicesError(
            .driverLibrariesMissing,
            "the NVIDIA driver's libcuda.so is not on this host",
            cause: "looked in \(places.joined(separator: ", "))"
        )
    }

    /// `libcuda.so.VERSION` of a folder, through its link or by itself.
    private static func cuda(in folder: String, _ tree: HostTree) -> String? {
        let linked = tree.resolved("\(folder)/\(cudaSoname)")
        let named = tree.names(in: folder).filter { $0.hasPrefix("libcuda.so.") }.compactMap {
            tree.resolved("\(folder)/\($0)")
        }
        return ([linked].compactMap(\.self) + named).first {
            let name = $0.lastComponent
            return name.hasPrefix("libcuda.so.") && name != cudaSoname
        }
    }

    private static func belongs(_ name: String, version: Substring) -> Bool {
        if name.hasPrefix(nvvm70) { return true }
        let ending = ".so.\(version)"
        return name.hasSuffix(ending) && stems.contains(String(name.dropLast(ending.count)))
    }

    /// Where the dynamic loader finds libcuda, which may be a folder that only its settings name.
    ///
    /// The library is opened and closed again, not initialised: a process that has initialised CUDA
    /// must not fork.
    private static func loadersFolder() -> String? {
        guard let library = dlopen(cudaSoname, RTLD_LAZY | RTLD_LOCAL) else { return nil }
        defer { dlclose(library) }
        let maps = HostTree(root: "/").contents(of: "/proc/self/maps", bytesMax: mapsBytesMax)
        return maps.flatMap { Self.folder(inMaps: String(decoding: $0, as: UTF8.self)) }
    }

    /// The folder of the first libcuda among a process's mappings; their paths are without links.
    package static func folder(inMaps maps: String) -> String? {
        let paths = maps.split(separator: "\n").compactMap { line in
            line.firstIndex(of: "/").map { String(line[$0...]) }
        }
        return paths.first { $0.lastComponent.hasPrefix("libcuda.so.") }?.folder
    }
}
