import Functions
import Packaging
import Testing

@Suite struct SettingsTests {
    private func read(_ text: String) throws -> RepositorySettings {
        try RepositorySettings.read(Array(text.utf8))
    }

    @Test(arguments: ["", "\n\n", "# nothing yet\n", "---\n"])
    func `a file that says nothing leaves everything as without one`(text: String) throws {
        #expect(try read(text) == RepositorySettings())
    }

    @Test func `main and master are production, and others previews`() {
        let settings = RepositorySettings()

        #expect(settings.environment(of: "main") == .production)
        #expect(settings.environment(of: "master") == .production)
        #expect(settings.environment(of: "feature/x") == .preview)
        #expect(!settings.prune)
    }

    @Test func `branches that are named replace the usual ones`() throws {
        let settings = try read("prune: true\nbranches:\n  release: production\n  wip: ignored\n")

        #expect(settings.prune)
        #expect(settings.environment(of: "release") == .production)
        #expect(settings.environment(of: "wip") == .ignored)
        #expect(settings.environment(of: "main") == .preview)
    }

    @Test(arguments: [
        ("prun: true", "faas.yaml:1:1: unknown key 'prun'; did you mean 'prune'?"),
        ("\nprune: yes", "faas.yaml:2:8: prune is 'yes'; allowed: true, false"),
        ("branches: { main: prodution }", "did you mean 'production'?"),
        ("branches: main", "branches is a single value, not a map"),
        ("branches: { refs/heads/x: preview }", "is no branch's name"),
        ("a\tb: {", "not YAML"),
    ])
    func `a fault names its place and the nearest word`(text: String, told: String) {
        let error = #expect(throws: PackagingError.self) { try read(text) }

        #expect(error?.description.contains(told) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("hello", "dev", "hello--dev"), ("hello", "x-1", "hello--x-1"),
    ])
    func `a preview has the branch in its name`(name: String, branch: String, preview: String) {
        #expect(FunctionName(name)?.preview(branch: branch)?.description == preview)
    }

    @Test func `branches that differ in letters of no name have previews that differ`() throws {
        let name = try #require(FunctionName("hello"))
        let branches = ["feature/x", "feature-x", "feature_x", "Feature/x", "feature//x"]

        let previews = branches.compactMap { name.preview(branch: $0)?.description }

        #expect(Set(previews).count == branches.count)
        #expect(previews.allSatisfy { $0.hasPrefix("hello--feature-x") })
    }
}
