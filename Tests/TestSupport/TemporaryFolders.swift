package import Foundation

/// Folders for files of tests, all removed when the process ends.
package enum TemporaryFolders {
    private static let parent = Result {
        // Without links, as paths are compared with resolved ones.
        let parent = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appending(path: "faas-tests-\(getpid())")
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        atexit { TemporaryFolders.removeAll() }
        return parent
    }

    /// A new folder for whoever asks.
    package static func make() throws -> URL {
        let folder = try parent.get().appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func removeAll() {
        if let parent = try? parent.get() { try? FileManager.default.removeItem(at: parent) }
    }
}
