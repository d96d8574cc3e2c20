import Functions
import GatewayAPI

/// Samples of revisions, traffic, pushes and repositories.
enum RevisionSamples {
    static let origin = Origin(
        repository: "models",
        branch: "main",
        commit: String(repeating: "c", count: 40),
        author: "Anna <anna@example.org>",
        subject: "Greet in two languages",
        deployedBy: "anna@box"
    )

    static let model = Manifest.ModelFile(
        source: "s3://models/hello.bin",
        sha256: String(repeating: "ef", count: 32)
    )

    static let rollout = Traffic.Rollout(
        candidate: 7,
        baseline: 6,
        step: 0,
        beganAtMicros: 1_769_860_800_000_000
    )

    static let fallback = Traffic.Fallback(
        from: 5,
        to: 4,
        digest: String(repeating: "ab", count: 32),
        reason: "21.3% of 94 answers failed (20 failed), over maxErrorRate 1%",
        atMicros: 1_769_860_800_000_000
    )

    static let traffic = Traffic(
        rollout: rollout,
        share: Share(percent: 5),
        fallback: fallback
    ).following(Traffic(whole: 1))

    static let revision = RevisionReport(
        revision: "hello-7",
        number: 7,
        digest: String(repeating: "ab", count: 32),
        origin: origin,
        deployedAtMicros: 1_769_860_800_000_000,
        share: Share(percent: 5),
        isKept: true
    )

    static let branch = RepositoryReport.Branch(
        name: "main",
        commit: String(repeating: "c", count: 40),
        deployedAtMicros: 1_769_860_800_000_000
    )

    static let repository = RepositoryReport(
        name: "models",
        account: "local",
        path: "/var/lib/faas/git/models.git",
        remotePath: "/git/models.git",
        branches: [branch]
    )

    /// Each under the name of its schema.
    static func all(
        _ description: FunctionDescription
    ) -> [(schema: String, value: any Codable & Hashable)] {
        [
            ("Origin", origin), ("ModelFile", model), ("Probe", Manifest.Probe()),
            ("RolloutPolicy", Manifest.Rollout()), ("Rollout", rollout), ("Fallback", fallback),
            ("Traffic", traffic), ("TrafficPart", traffic.parts[0]),
            ("TrafficReport", TrafficReport(name: "hello", traffic: traffic)),
            ("TrafficOrder", TrafficOrder(parts: traffic.parts)),
            ("RevisionChoice", RevisionChoice(number: 4)), ("RevisionReport", revision),
            ("RevisionList", RevisionList(revisions: [revision])),
            ("PushOrder", PushOrder(origin: origin)),
            ("PushTicket", PushTicket(id: "p1", idleMillisMax: 60_000)),
            ("PushApplication", PushApplication(remove: ["old"], branchIsGone: true)),
            ("PushResult", PushResult(functions: [description], removed: ["old"])),
            ("RepositoryReport", repository), ("Branch", branch),
            ("RepositoryList", RepositoryList(repositories: [repository])),
        ]
    }
}
