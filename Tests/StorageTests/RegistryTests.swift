import Functions
import GRDB
import Storage
import Testing

@Suite struct RegistryTests {
    let folder: TemporaryFolder
    let registry: Registry
    let echo: FunctionName

    init() throws {
        folder = try TemporaryFolder()
        registry = try Registry(path: folder("registry.sqlite"))
        echo = try #require(FunctionName("echo"))
    }

    @Test func `a deployed revision is read back as it was`() async throws {
        let revision = try await reserve(echo)

        let origin = Origin(branch: "main", commit: "c0ffee", author: "A <a@b>")
        let deployment = Deployment(revision: revision, report: report, origin: origin)
        let traffic = Traffic(whole: 1)

        try await registry.apply(
            Release(parts: [.init(deployment, traffic: traffic)], atMicros: 1)
        )

        let served = ServedFunction(current: deployment, traffic: traffic)
        #expect(try await registry.functions() == [served])
        #expect(try await registry.function(echo) == served)
        #expect(try await registry.revision(1, of: echo) == deployment)
    }

    @Test func `the current revision is the one that traffic is measured by`() async throws {
        let first = try await reserve(echo)
        let second = try await reserve(echo)
        try await deploy(first)
        let rollout = Traffic.Rollout(candidate: 2, baseline: 1, step: 0, beganAtMicros: 5)
        let traffic = Traffic(rollout: rollout, share: Share(percent: 5))

        try await deploy(second, traffic)

        #expect(try await registry.function(echo)?.current.revision == first)
        #expect(try await registry.function(echo)?.traffic == traffic)
        #expect(try await registry.revisions(of: echo).map(\.revision.number) == [2, 1])
        #expect(try await registry.setTraffic(Traffic(whole: 2), of: echo))
        #expect(try await registry.function(echo)?.current.revision == second)
    }

    @Test func `a release changes everything or nothing`() async throws {
        let hello = try #require(FunctionName("hello"))
        let old = try #require(FunctionName("old"))
        try await deploy(try await reserve(old))
        let first = try await reserve(echo)
        let commit = ServedCommit(
            account: .local,
            repository: "r",
            branch: "main",
            commit: "c",
            atMicros: 5
        )

        let error = await #expect(throws: StorageError.self) {
            try await registry.apply(
                Release(
                    parts: [part(first), part(makeRevision(hello, 1))],
                    removals: [old],
                    commit: commit,
                    atMicros: 5
                )
            )
        }

        #expect(error?.code == .refused)
        #expect(try await registry.functions().map(\.current.revision.function) == [old])
        #expect(try await registry.servedCommits(of: "r", account: nil).isEmpty)

        try await registry.apply(
            Release(parts: [part(first)], removals: [old], commit: commit, atMicros: 5)
        )

        #expect(try await registry.functions().map(\.current.revision.function) == [echo])
        #expect(try await registry.servedCommits(of: "r", account: .local) == [commit])
    }

    @Test func `the latest revisions and those in use are kept`() async throws {
        for number in 1...5 {
            let revision = try await reserve(echo)
            try await deploy(revision, Traffic(whole: number))
        }

        try await registry.retireRevisions(of: echo, keeping: 2, and: [1], atMicros: 9)

        let kept = try await registry.revisions(of: echo).filter(\.isKept)
        #expect(kept.map(\.revision.number) == [5, 4, 1])
        #expect(try await registry.digests().count == 1)
        try await registry.remove(echo, atMicros: 10)
        #expect(try await registry.digests().isEmpty)
    }

    @Test func `a number is never given out again`() async throws {
        let first = try await reserve(echo)
        try await deploy(first)
        let abandoned = try await reserve(echo)
        #expect(try await registry.remove(echo, atMicros: 5))

        let next = try await reserve(echo, account: "other")
        try await deploy(next)

        #expect([first.number, abandoned.number, next.number] == [1, 2, 3])
        #expect(try await registry.function(echo)?.current.revision.account == Account("other"))
    }

    @Test func `a function without a deployed revision is not in service`() async throws {
        _ = try await reserve(echo)

        #expect(try await registry.functions().isEmpty)
        #expect(try await registry.function(echo) == nil)
        #expect(try await registry.remove(echo, atMicros: 5) == false)
    }

    @Test func `a removed function keeps its revisions`() async throws {
        try await deploy(try await reserve(echo))

        #expect(try await registry.remove(echo, atMicros: 5))

        #expect(try await registry.functions().isEmpty)
        #expect(try await registry.remove(echo, atMicros: 6) == false)
        #expect(try await registry.revisions(of: echo).count == 1)
    }

    @Test func `a function in service belongs to its account`() async throws {
        try await deploy(try await reserve(echo))

        let error = await #expect(throws: StorageError.self) {
            try await reserve(echo, account: "other")
        }

        #expect(error?.code == .refused)
    }

    @Test func `a revision needs a number that was given out, and only once`() async throws {
        let revision = try await reserve(echo)
        try await deploy(revision)

        for number in [1, 2] {
            let error = await #expect(throws: StorageError.self) {
                try await deploy(makeRevision(echo, number))
            }
            #expect(error?.code == .refused)
        }

        #expect(try await registry.revisions(of: echo).map(\.revision) == [revision])
    }

    @Test func `a registry is opened again with what it held`() async throws {
        try await deploy(try await reserve(echo))
        try registry.close()

        let again = try Registry(path: registry.path)

        #expect(try await again.functions().count == 1)
        #expect(
            try await again.database.write {
                try Int.fetchOne($0, sql: "PRAGMA synchronous")
            } == 2
        )
    }

    @Test func `a thousand functions are loaded in well under 100 ms`() async throws {
        for number in 0..<1_000 {
            let name = try #require(FunctionName("function-\(number)"))
            try await deploy(try await reserve(name))
        }

        var fastest = Duration.seconds(10)
        for _ in 0..<3 {
            let start = ContinuousClock.now
            let functions = try await registry.functions()
            fastest = min(fastest, ContinuousClock.now - start)
            #expect(functions.count == 1_000)
        }

        print("loading 1,000 functions took \(fastest)")
        #expect(fastest < .milliseconds(100))
    }

    private let report = LoadReport(
        handlerKind: "predict",
        schema: #"{"input":{},"output":{}}"#,
        threads: ["pool-1"],
        modules: ["numpy"],
        importMicros: 70_000,
        loadMicros: 1_200,
        memoryBytes: 30 << 20,
        isForkable: false,
        notForkableReason: "the forked instance did not answer within 1 s"
    )

    private func part(_ revision: Revision, _ traffic: Traffic? = nil) -> Release.Part {
        Release.Part(
            Deployment(revision: revision, report: report),
            traffic: traffic ?? Traffic(whole: revision.number)
        )
    }

    private func deploy(_ revision: Revision, _ traffic: Traffic? = nil) async throws {
        try await registry.apply(Release(parts: [part(revision, traffic)], atMicros: 1))
    }

    private func reserve(
        _ name: FunctionName,
        account: String = "local"
    ) async throws -> Revision {
        let number = try await registry.reserveNumber(
            for: name,
            account: Account(account),
            atMicros: 1
        )
        return makeRevision(name, number, account: account)
    }

    private func makeRevision(
        _ name: FunctionName,
        _ number: Int,
        account: String = "local"
    ) -> Revision {
        var manifest = Manifest(name: name.description, env: ["A": "b"], secrets: ["token"])
        manifest.batch = Manifest.Batch()
        return Revision(
            function: name,
            number: number,
            digest: String(repeating: "f", count: 64),
            manifest: manifest,
            account: Account(account),
            deployedAtMicros: 1
        )
    }
}
