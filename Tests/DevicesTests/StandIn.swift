import Devices
import Foundation

/// The stand-in for the driver's management library, in a copy of its own, so that tests which
/// steer it can run at once.
struct StandIn {
    private static let compiled = Result { try compile() }

    let folder: URL
    var library: URL { folder.appending(path: "libnvidia-ml.so.1") }

    /// The words of `steering` are those that `nvml_standin.c` describes.
    init(_ steering: String = "") throws {
        folder = try TemporaryFolders.make()
        try Self.compiled.get().write(to: library)
        try steer(steering)
    }

    func steer(_ words: String) throws {
        try words.write(
            to: folder.appending(path: "libnvidia-ml.so.1.steer"),
            atomically: true,
            encoding: .utf8
        )
    }

    func open() -> NVML {
        NVML.open(library: library.path)
    }

    /// How often the library was initialised since it was loaded.
    func starts() throws -> Int32 {
        guard let handle = dlopen(library.path, RTLD_NOW),
            let symbol = dlsym(handle, "nvmlStandInStarts")
        else { throw CocoaError(.fileReadUnknown) }
        defer { dlclose(handle) }
        return unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)()
    }

    private static func compile() throws -> Data {
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "NVMLStandIn/nvml_standin.c")
        return try Compiler.library(of: source)
    }
}

/// What the stand-in's devices are called.
enum StandInName {
    static let large = "GPU-11111111-aaaa-4bbb-8ccc-000000000001"
    static let small = "GPU-22222222-aaaa-4bbb-8ccc-000000000002"
    static let largeSlice = "MIG-33333333-aaaa-5bbb-8ccc-000000000003"
    static let smallSlice = "MIG-44444444-aaaa-5bbb-8ccc-000000000004"
}
