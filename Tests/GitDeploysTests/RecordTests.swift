import Foundation
import Functions
import GitDeploys
import Testing

@Suite struct RecordTests {
    private let commit = ObjectID(String(repeating: "c", count: 40))

    private func push(_ id: String, _ commit: ObjectID, branch: String = "main") -> PreparedPush {
        PreparedPush(
            id: id,
            branch: branch,
            commit: commit,
            changed: ["a"],
            unchanged: [],
            remove: ["b"],
            beganAtMicros: 7
        )
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let place = try Workplace(in: FileManager.default.temporaryDirectory.path)
        try body(place.path)
    }

    @Test func `a push that was left is taken once`() throws {
        try withFolder { folder in
            let commit = try #require(commit)
            let records = PushRecords(repositoryFolder: folder)
            try records.leave(push("p1", commit))

            #expect(records.take(branch: "main", commit: commit) == push("p1", commit))
            #expect(records.take(branch: "main", commit: commit) == nil)
        }
    }

    @Test func `it is for its own branch, and only the last one is kept`() throws {
        try withFolder { folder in
            let commit = try #require(commit)
            let other = try #require(ObjectID(String(repeating: "d", count: 40)))
            let records = PushRecords(repositoryFolder: folder)
            try records.leave(push("p1", commit))
            try records.leave(push("p2", other))

            #expect(records.take(branch: "main", commit: commit) == nil)
            #expect(records.take(branch: "dev", commit: other) == nil)
            #expect(records.take(branch: "main", commit: other)?.id == "p2")
        }
    }

    @Test func `nobody else may read it`() throws {
        try withFolder { folder in
            let commit = try #require(commit)
            try PushRecords(repositoryFolder: folder).leave(push("p1", commit))

            let file = "\(folder)/faas/pushes/\(commit)"
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]

            #expect(mode as? Int == 0o600)
        }
    }

    @Test func `digests are remembered from one push to the next`() throws {
        try withFolder { folder in
            let commit = try #require(commit)
            let name = try #require(FunctionName("hello"))
            let entry = DigestCache.Entry(digest: String(repeating: "e", count: 64), name: name)
            var cache = DigestCache(folder: folder)
            #expect(cache[commit] == nil)

            cache.remember(entry, for: commit)
            cache.save()

            #expect(DigestCache(folder: folder)[commit] == entry)
        }
    }

    @Test func `a damaged memory is forgotten`() throws {
        try withFolder { folder in
            let commit = try #require(commit)
            try "1 \(commit) short hello\nnonsense\n\u{0}".write(
                toFile: "\(folder)/digests",
                atomically: false,
                encoding: .utf8
            )

            #expect(DigestCache(folder: folder)[commit] == nil)
        }
    }

    @Test func `a temporary folder goes with all that is in it`() throws {
        var path = ""
        try withFolder { folder in
            path = folder
            try FileManager.default.createDirectory(
                atPath: "\(folder)/a/b/c",
                withIntermediateDirectories: true
            )
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/a/link",
                withDestinationPath: "/tmp"
            )
            try "x".write(toFile: "\(folder)/a/b/file", atomically: false, encoding: .utf8)
        }

        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(FileManager.default.fileExists(atPath: "/tmp"))
    }
}
