import Foundation

/// A folder that lasts as long as the test.
final class QueueFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/triggers-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// The databases as a crash at this instant would leave them.
    func crashed() throws -> QueueFolder {
        let copy = try QueueFolder()
        for name in try FileManager.default.contentsOfDirectory(atPath: path)
        where !name.hasSuffix("-shm") {
            try FileManager.default.copyItem(atPath: self(name), toPath: copy(name))
        }
        return copy
    }
}
