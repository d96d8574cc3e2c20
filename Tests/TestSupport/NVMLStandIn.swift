import Foundation

/// The stand-in for the driver's management library, in a copy of its own, so that tests which
/// steer it can run at once.
package struct NVMLStandIn {
    private static let compiled = Result { try compile() }

    private let folder: URL
    package var library: String { folder.appending(path: "libnvidia-ml.so.1").path }

    /// The words of `steering` are those that `nvml_standin.c` describes.
    package init(_ steering: String = "") throws {
        folder = try TemporaryFolders.make()
        try Self.compiled.get().write(to: URL(filePath: library))
        try steer(steering)
    }

    package func steer(_ words: String) throws {
        try words.write(
            to: folder.appending(path: "libnvidia-ml.so.1.steer"),
            atomically: true,
            encoding: .utf8
        )
    }

    private static func compile() throws -> Data {
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "NVMLStandIn/nvml_standin.c")
        return try Compiler.library(of: source)
    }
}

/// What the stand-in's devices are called.
package enum StandInName {
    /// 80 GiB, of which 512 MiB are the driver's; MIG can be turned on.
    package static let large = "GPU-11111111-aaaa-4bbb-8ccc-000000000001"
    /// 24 GiB, of which 256 MiB are the driver's.
    package static let small = "GPU-22222222-aaaa-4bbb-8ccc-000000000002"
    /// 40,448 MiB of the large card.
    package static let largeSlice = "MIG-33333333-aaaa-5bbb-8ccc-000000000003"
    /// 9,856 MiB of it.
    package static let smallSlice = "MIG-44444444-aaaa-5bbb-8ccc-000000000004"
}
