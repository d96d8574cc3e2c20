import Functions
import GRDB
import Storage
import Testing

@Suite struct RegistryServedCommitsTests {
    let folder: TemporaryFolder
    let registry: Registry
    let ada = Account("ada")
    let bob = Account("bob")

    init() throws {
        folder = try TemporaryFolder()
        registry = try Registry(path: folder("registry.sqlite"))
    }

    private func commit(
        _ account: Account,
        _ commit: String?,
        branch: String = "main",
        atMicros: Int64 = 1
    ) -> ServedCommit {
        ServedCommit(
            account: account,
            repository: "models",
            branch: branch,
            commit: commit,
            atMicros: atMicros
        )
    }

    private func record(_ commits: ServedCommit...) async throws {
        for commit in commits {
            try await registry.apply(Release(parts: [], commit: commit, atMicros: 1))
        }
    }

    @Test func `what another account pushes under a repository's name is its own`() async throws {
        try await record(commit(ada, "a"), commit(bob, "b", atMicros: 2))

        #expect(try await registry.servedCommits(of: "models", account: ada) == [commit(ada, "a")])

        try await record(commit(bob, nil))

        #expect(try await registry.servedCommits(of: "models", account: ada) == [commit(ada, "a")])
        #expect(try await registry.servedCommits(of: "models", account: bob).isEmpty)
    }

    @Test func `without an account a branch is at what was served last`() async throws {
        try await record(
            commit(ada, "a", atMicros: 2),
            commit(bob, "b", atMicros: 1),
            commit(bob, "c", branch: "dev", atMicros: 1)
        )

        let served = try await registry.servedCommits(of: "models", account: nil)

        #expect(
            served == [
                commit(bob, "c", branch: "dev", atMicros: 1), commit(ada, "a", atMicros: 2),
            ]
        )
    }

    @Test func `an account's branches are forgotten, or everybody's`() async throws {
        try await record(commit(ada, "a"), commit(bob, "b"))

        try await registry.forgetServedCommits(of: "tools", account: nil)
        try await registry.forgetServedCommits(of: "models", account: bob)
        #expect(try await registry.servedCommits(of: "models", account: nil) == [commit(ada, "a")])

        try await registry.forgetServedCommits(of: "models", account: nil)
        #expect(try await registry.servedCommits(of: "models", account: nil).isEmpty)
    }

    @Test func `commits that were kept without their account get that of the revisions`()
        async throws
    {
        let name = try #require(FunctionName("echo"))
        let number = try await registry.reserveNumber(for: name, account: ada, atMicros: 1)
        let revision = Revision(
            function: name,
            number: number,
            digest: String(repeating: "f", count: 64),
            manifest: Manifest(name: "echo", env: [:], secrets: []),
            account: ada,
            deployedAtMicros: 1
        )
        let deployment = Deployment(
            revision: revision,
            report: report,
            origin: Origin(repository: "models", branch: "main", commit: "a")
        )
        try await registry.apply(
            Release(parts: [.init(deployment, traffic: Traffic(whole: number))], atMicros: 1)
        )
        try await goBack()

        let migrated = try Registry(path: registry.path)

        #expect(try await migrated.servedCommits(of: "models", account: ada) == [commit(ada, "a")])
        let tools = try await migrated.servedCommits(of: "tools", account: .local)
        #expect(tools.map(\.commit) == ["t"])
    }

    private let report = LoadReport(
        handlerKind: "predict",
        schema: "{}",
        threads: [],
        modules: [],
        importMicros: 1,
        loadMicros: 1,
        memoryBytes: 1,
        isForkable: true
    )

    /// Makes the file one of before there were accounts, with two commits, and closes it.
    private func goBack() async throws {
        try await registry.database.write { database in
            try database.execute(
                sql: """
                    DELETE FROM grdb_migrations WHERE identifier = 'accountsOfServedCommits';
                    DROP TABLE servedCommit;
                    CREATE TABLE servedCommit (
                        repository TEXT NOT NULL,
                        branch TEXT NOT NULL,
                        commitID TEXT NOT NULL,
                        atMicros INTEGER NOT NULL,
                        PRIMARY KEY (repository, branch)
                    ) STRICT, WITHOUT ROWID;
                    INSERT INTO servedCommit
                    VALUES ('models', 'main', 'a', 1), ('tools', 'main', 't', 1);
                    """
            )
        }
        try registry.close()
    }
}
