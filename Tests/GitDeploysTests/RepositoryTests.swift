import Functions
import GitDeploys
import Packaging
import Testing

@Suite struct RepositoryTests {
    @Test func `every folder with a function.yaml is a function's`() throws {
        let repository = try TestRepository()
        let commit = try repository.commit([
            "README.md": "", "a/function.yaml": "name: a", "a/lib/x.py": "",
            "deep/er/b/function.yaml": "name: b", "ab/handler.py": "",
        ])

        let opened = try repository.opened()
        let root = try #require(ObjectID(String(repeating: "1", count: 40)))
        let folders = try CommitFolder.all(in: try opened.tree(commit), root: root)

        #expect(folders.map(\.path) == ["a", "deep/er/b"])
        #expect(
            folders[0].entries.map(\.path) == ["a/function.yaml", "a/lib", "a/lib/x.py"]
        )
        #expect(folders.allSatisfy { $0.tree != root })
    }

    @Test func `the root may be one too, and holds everything`() throws {
        let repository = try TestRepository()
        let commit = try repository.commit(["function.yaml": "name: a", "b/function.yaml": ""])

        let root = try #require(ObjectID(String(repeating: "1", count: 40)))
        let folders = try CommitFolder.all(in: try repository.opened().tree(commit), root: root)

        #expect(folders.map(\.shownPath) == [".", "b"])
        #expect(folders[0].tree == root)
        #expect(folders[0].entries.count == 3)
    }

    @Test func `the same contents have the same name in every commit`() throws {
        let repository = try TestRepository()
        let first = try repository.commit(["a/function.yaml": "1", "b/function.yaml": "1"])
        let second = try repository.commit(["b/function.yaml": "2"])

        let opened = try repository.opened()
        let root = try #require(ObjectID(String(repeating: "1", count: 40)))
        let before = try CommitFolder.all(in: try opened.tree(first), root: root)
        let after = try CommitFolder.all(in: try opened.tree(second), root: root)

        #expect(before[0].tree == after[0].tree)
        #expect(before[1].tree != after[1].tree)
    }

    @Test func `a commit says where its revisions come from`() throws {
        let repository = try TestRepository()
        let commit = try repository.commit([:], message: "Better weights\n\nAnd more.")

        let origin = try repository.opened().origin(of: commit, branch: "x", deployedBy: "eve")

        #expect(
            origin
                == Origin(
                    repository: repository.path,
                    branch: "x",
                    commit: commit.description,
                    author: "Ada <ada@example.org>",
                    subject: "Better weights",
                    deployedBy: "eve"
                )
        )
    }

    @Test func `a repository of the gateway is called by its name`() throws {
        let repository = try TestRepository("--bare")
        try repository.run("config", "faas.repository", "models")
        try repository.run("config", "faas.url", "http://127.0.0.1:1")

        let opened = try repository.opened()

        #expect(opened.name == "models")
        #expect(opened.settings["url"] == "http://127.0.0.1:1")
    }

    @Test func `what is no repository is said to be none`() {
        let error = #expect(throws: GitDeployError.self) {
            try GitRepository("/proc", environment: TestRepository.environment)
        }

        #expect(error?.code == .repositoryInvalid)
    }

    @Test func `branches have commits, and one that is not there has none`() throws {
        let repository = try TestRepository()
        let commit = try repository.commit(["a": "1"])
        try repository.run("branch", "feature/x")

        let opened = try repository.opened()

        #expect(try opened.branches().map(\.name) == ["feature/x", "main"])
        #expect(try opened.branches().map(\.commit) == [commit, commit])
        #expect(try opened.tip(of: "main") == commit)
        #expect(try opened.tip(of: "gone") == nil)
    }

    @Test func `faas.yaml is read from the commit, and may be missing`() throws {
        let repository = try TestRepository()
        let without = try repository.commit(["a": "1"])
        let with = try repository.commit(["faas.yaml": "prune: true\n"])

        let opened = try repository.opened()

        #expect(try opened.settings(in: try opened.tree(without)) == RepositorySettings())
        #expect(try opened.settings(in: try opened.tree(with)).prune)
    }

    @Test func `a list of a tree names kinds and modes`() throws {
        let id = String(repeating: "a", count: 40)
        let text =
            "100755 blob \(id)\trun\0" + "120000 blob \(id)\tlink\0"
            + "160000 commit \(id)\tsub\0" + "040000 tree \(id)\ta b\0"

        let entries = try TreeEntry.read(Array(text.utf8))

        #expect(entries.map(\.kind) == [.file(isExecutable: true), .link, .submodule, .folder])
        #expect(entries.map(\.path) == ["run", "link", "sub", "a b"])
        #expect(throws: GitDeployError.self) { try TreeEntry.read(Array("100644 x".utf8)) }
    }
}
