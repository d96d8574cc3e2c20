import Foundation
import GitDeploys

/// A repository with files, in a temporary folder that goes with it.
final class TestRepository {
    let path: String
    private let git: GitProgram

    init(_ initArguments: String...) throws {
        path = FileManager.default.temporaryDirectory.path + "/git-test-\(UUID().uuidString)"
        git = try GitProgram(environment: Self.environment)
        try git.output(["init", "--quiet", "--initial-branch=main"] + initArguments + [path])
    }

    deinit { Workplace.remove(path) }

    /// Nothing of who runs the tests: neither a configuration nor a name.
    static var environment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
        ]
    }

    func opened() throws -> GitRepository {
        try GitRepository(path, environment: Self.environment)
    }

    @discardableResult
    func run(_ arguments: String...) throws -> [UInt8] {
        try git.output(["-C", path] + arguments)
    }

    func write(_ files: [String: String]) throws {
        for (name, text) in files {
            let file = "\(path)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true
            )
            try text.write(toFile: file, atomically: false, encoding: .utf8)
        }
    }

    /// Commits these files and all that is there already.
    func commit(_ files: [String: String], message: String = "a change") throws -> ObjectID {
        try write(files)
        try run("add", "--all")
        try run("commit", "--quiet", "--allow-empty", "--message", message)
        let answer = try run("rev-parse", "HEAD")
        guard let id = ObjectID(String(decoding: answer.dropLast(), as: UTF8.self)) else {
            throw GitDeployError(.gitFailed, "no commit")
        }
        return id
    }
}
