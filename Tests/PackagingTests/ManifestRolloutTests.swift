import Functions
import Packaging
import Testing

@Suite struct ManifestRolloutTests {
    @Test func `a rollout, a probe and a model are read`() throws {
        let digest = String(repeating: "0a", count: 32)
        let text = """
            name: diabetes
            rollout:
              { canary: 0.5%, steps: [10%, 50%], every: 30s, maxErrorRate: 0%, maxLatency: 2x }
            probe: { every: 90s }
            model: { source: "s3://models/diabetes/v2.bin", sha256: \(digest) }
            """

        let manifest = try ManifestReader.read(text)

        let rollout = try #require(manifest.rollout)
        #expect(rollout.shares == [Share(50), Share(percent: 10), Share(percent: 50), .all])
        #expect(rollout.everyMillis == 30_000)
        #expect(rollout.maxErrorRate == .none)
        #expect(rollout.maxLatencyFactor == 2)
        #expect(manifest.probe?.everyMillis == 90_000)
        #expect(manifest.model?.source == "s3://models/diabetes/v2.bin")
        #expect(manifest.model?.sha256 == digest)
        #expect(manifest.model?.path == "/model/v2.bin")
    }

    @Test func `an empty map asks for the defaults`() throws {
        let manifest = try ManifestReader.read("name: a\nrollout: {}\nprobe: {}")

        #expect(manifest.rollout == Manifest.Rollout())
        #expect(manifest.probe == Manifest.Probe())
        #expect(try ManifestReader.read("name: a").rollout == nil)
    }

    @Test func `a canary over the default steps goes to all at once`() throws {
        let manifest = try ManifestReader.read("name: a\nrollout: { canary: 50% }")
        #expect(manifest.rollout?.shares == [Share(percent: 50), .all])
    }

    @Test(arguments: [
        "file:///srv/models/m.bin", "http://127.0.0.1:9000/m.bin?key=a", "https://host/a/m%20b.bin",
    ])
    func `a source has a scheme, a place and a file's name`(source: String) throws {
        let digest = String(repeating: "f", count: 64)
        let text = "name: a\nmodel: { source: '\(source)', sha256: '\(digest)' }"
        #expect(try ManifestReader.read(text).model?.source == source)
    }

    private static let digest = String(repeating: "e", count: 64)

    static let rollouts = [
        FaultCase("rollout: 5%", at: 2, 10, "rollout is a single value, not a map"),
        FaultCase("rollout: { canery: 5% }", at: 2, 12, "'canery'", nearest: "canary"),
        FaultCase("rollout: { canary: 5 }", at: 2, 20, "without its '%'", nearest: "5%"),
        FaultCase("rollout: { canary: 0% }", at: 2, 20, "is 0%, which is too little"),
        FaultCase("rollout: { canary: 101% }", at: 2, 20, "is '101%', not a percentage"),
        FaultCase("rollout: { canary: 0.125% }", at: 2, 20, "is '0.125%', not a percentage"),
        FaultCase("rollout: { steps: 25% }", at: 2, 19, "is a single value, not a list"),
        FaultCase("rollout: { steps: [5%] }", at: 2, 20, "not more than the canary, which has 5%"),
        FaultCase(
            "rollout: { steps: [25%, 25%] }",
            at: 2,
            25,
            "rollout.steps[1] is 25%, not more than the step before"
        ),
        FaultCase("rollout: { every: 2 }", at: 2, 19, "without a unit", nearest: "2s"),
        FaultCase("rollout: { every: 500ms }", at: 2, 19, "which is too little"),
        FaultCase("rollout: { every: 25h }", at: 2, 19, "which is too much"),
        FaultCase("rollout: { maxErrorRate: few }", at: 2, 26, "is 'few', not a percentage"),
        FaultCase("rollout: { maxLatency: 1.5 }", at: 2, 24, "without its 'x'", nearest: "1.5x"),
        FaultCase("rollout: { maxLatency: 0.9x }", at: 2, 24, "which is too little"),
        FaultCase("rollout: { maxLatency: 101x }", at: 2, 24, "which is too much"),
        FaultCase("rollout: { maxLatency: 1.x }", at: 2, 24, "is '1.x', not a factor"),
        FaultCase("probe: { evry: 5m }", at: 2, 10, "'evry'", nearest: "every"),
        FaultCase("probe: { every: 0s }", at: 2, 17, "which is too little"),
        FaultCase("probe: 5m", at: 2, 8, "probe is a single value, not a map"),
    ]

    static let models = [
        FaultCase("model: { sha256: \(digest) }", at: 2, 8, "model needs 'source'"),
        FaultCase("model: { source: 'file:///m' }", at: 2, 8, "model needs 'sha256'"),
        FaultCase("model: { source: 'file:///m', sha256: abc }", at: 2, 39, "has 3 characters"),
        FaultCase(
            "model: { source: 'file:///m', sha256: \(digest.uppercased()) }",
            at: 2,
            39,
            "not a digest",
            nearest: digest
        ),
        FaultCase(model("/srv/m"), at: 2, 18, "is not a URL", nearest: "file:///srv/m"),
        FaultCase(model("htps://h/m"), at: 2, 18, "begins with 'htps://'", nearest: "https://"),
        FaultCase(model("ftp://h/m"), at: 2, 18, "begins with 'ftp://'", nearest: "http://"),
        FaultCase(model("file://m"), at: 2, 18, "names no file"),
        FaultCase(model("https:///m"), at: 2, 18, "names no file"),
        FaultCase(model("https://h"), at: 2, 18, "names no file"),
        FaultCase(model("s3://bucket/"), at: 2, 18, "names no file"),
        FaultCase(model("https://h/a/.."), at: 2, 18, "names no file"),
        FaultCase(model("https://h/a b"), at: 2, 18, "has a space"),
        FaultCase(model("https://h/\(String(repeating: "a", count: 256))"), at: 2, 18, "no file"),
    ]

    private static func model(_ source: String) -> String {
        "model: { source: '\(source)', sha256: \(digest) }"
    }

    @Test(arguments: rollouts + models)
    func `a faulty key is refused with the place and what to write`(fault: FaultCase) throws {
        let faults = faults(of: "name: f\n\(fault.text)")

        let found = try #require(faults.first)
        #expect(faults.count == 1, "\(faults.map(\.description))")
        #expect(found.problem.contains(fault.problem), "\(found)")
        #expect((found.line, found.column) == (fault.line, fault.column), "\(found)")
        #expect(found.nearest == fault.nearest, "\(found)")
    }

    @Test func `a name with two dashes is kept for previews`() throws {
        let found = try #require(faults(of: "name: echo--topic").first)

        #expect(found.problem.contains("stands before the branch of a preview"))
        #expect(found.nearest == "echo-topic")
    }

    @Test func `a probe without a sample is refused where it stands`() throws {
        let folder = try TemporaryFolder()
        try folder.write("function.yaml", "name: echo\nprobe: { every: 5m }\n")
        try folder.write("handler.py", "")

        let error = #expect(throws: PackagingError.self) { try FunctionFolder(folder.path) }
        #expect(error?.code == .manifestInvalid)
        #expect(error?.faults.map(\.line) == [2])

        try folder.write("sample.json", "1")
        #expect(try FunctionFolder(folder.path).manifest.probe != nil)
    }
}
