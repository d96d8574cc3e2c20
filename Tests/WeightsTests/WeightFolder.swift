import Foundation
import Functions
import Synchronization
import Testing
import Weights

/// A data folder and a folder of files to fetch, there for one test.
final class WeightFolder: Sendable {
    let path: String
    private let isOnDiskOfItsOwn: Bool

    /// Puts the data folder on a disk of so many bytes, which needs root, or on that of `/tmp`.
    init(dataBytes: Int? = nil) throws {
        var template = Array("/tmp/weights-tests-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        isOnDiskOfItsOwn = dataBytes != nil
        // What is fetched must be where everyone may go.
        try #require(chmod(path, 0o755) == 0)
        for name in ["data", "files"] {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(name)",
                withIntermediateDirectories: false
            )
        }
        if let dataBytes {
            try #require(mount("tmpfs", data, "tmpfs", 0, "size=\(dataBytes)") == 0)
        }
    }

    deinit {
        if isOnDiskOfItsOwn { umount2(data, CInt(MNT_DETACH)) }
        try? FileManager.default.removeItem(atPath: path)
    }

    var data: String { "\(path)/data" }
    var files: String { "\(path)/files" }

    /// Names in the store's own folder.
    var stored: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(data)/weights")) ?? []).sorted()
    }

    func partial(_ sha256: String) -> String { "\(data)/weights/\(sha256).part" }

    /// Makes the first part of a file, as a gateway that was killed leaves it.
    func leavePartial(_ sha256: String, _ bytes: some Sequence<UInt8>) throws {
        try FileManager.default.createDirectory(
            atPath: "\(data)/weights",
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: URL(filePath: partial(sha256)))
    }

    func store(
        environment: [String: String] = [:],
        _ change: (inout WeightLimits) -> Void = { _ in }
    ) -> WeightStore {
        var limits = WeightLimits()
        limits.backoffFirstMillis = 1
        limits.progressMillis = 0
        limits.freeBytesMin = 0
        change(&limits)
        return WeightStore(dataFolder: data, limits: limits) { environment[$0] }
    }

    /// Writes a file of pseudo-random bytes to be fetched.
    func make(_ name: String = "model.bin", byteCount: Int = 1 << 20) throws -> ModelWeights {
        var state = UInt64(byteCount) &+ 1
        let bytes = (0..<byteCount).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        return try write(name, bytes)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> ModelWeights {
        let file = "\(files)/\(name)"
        try Data(bytes).write(to: URL(filePath: file))
        let printed = try Shell.run("/usr/bin/sha256sum", file)
        return ModelWeights(
            path: file,
            bytes: bytes,
            sha256: String(decoding: printed.prefix(64), as: UTF8.self)
        )
    }
}

/// A file to be fetched.
struct ModelWeights: Sendable {
    var path: String
    var bytes: [UInt8]
    var sha256: String

    func at(_ source: String) -> Manifest.ModelFile {
        Manifest.ModelFile(source: source, sha256: sha256)
    }
}

/// What a fetch says while it goes on.
final class Told: Sendable {
    private let told = Mutex<[(bytes: Int64, total: Int64?)]>([])

    var all: [(bytes: Int64, total: Int64?)] { told.withLock { $0 } }
    var last: Int64? { all.last?.bytes }

    @Sendable func take(_ bytes: Int64, _ total: Int64?) {
        told.withLock { $0.append((bytes, total)) }
    }
}

func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

func mode(_ path: String) throws -> mode_t {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    return status.st_mode & 0o7777
}
