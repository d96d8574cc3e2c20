import Functions
import GatewayAPI
import GitDeploys
import Testing

@Suite struct PushPlanTests {
    private let origin = Origin(repository: "models", branch: "main", commit: "c2")

    private func item(_ name: String, _ digest: String) throws -> PushPlan.Item {
        .init(name: try #require(FunctionName(name)), digest: digest, folder: name)
    }

    private func deployed(
        _ name: String,
        _ digest: String,
        _ origin: Origin = Origin(repository: "models", branch: "main", commit: "c1")
    ) -> FunctionSummary {
        FunctionSummary(
            name: name,
            revision: "\(name)-1",
            account: "local",
            digest: digest,
            origin: origin,
            deployedAtMicros: 1,
            state: .zero,
            pool: PoolCounts(),
            url: ""
        )
    }

    @Test func `only functions whose digest differs are changed`() throws {
        let plan = PushPlan(
            items: [try item("new", "1"), try item("same", "1"), try item("other", "2")],
            deployed: [deployed("same", "1"), deployed("other", "1")],
            origin: origin,
            prune: false
        )

        #expect(plan.changed.map(\.name.description) == ["new", "other"])
        #expect(plan.unchanged.map(\.name.description) == ["same"])
        #expect(plan.removed.isEmpty)
        #expect(plan.notes.isEmpty)
    }

    @Test func `what serves already and came from elsewhere is said to`() throws {
        let plan = PushPlan(
            items: [try item("byhand", "1"), try item("other", "1")],
            deployed: [
                deployed("byhand", "1", Origin()),
                deployed("other", "1", Origin(repository: "elsewhere", branch: "main")),
            ],
            origin: origin,
            prune: true
        )

        #expect(plan.changed.isEmpty && plan.unchanged.count == 2)
        #expect(plan.notes.first?.contains("deployed by hand") == true)
        #expect(plan.notes.last?.contains("deployed by the repository elsewhere") == true)
    }

    @Test func `what was taken off the traffic is not deployed again`() throws {
        var before = deployed("worse", "1")
        before.fallback = Traffic.Fallback(from: 2, to: 1, digest: "2", reason: "", atMicros: 1)

        let plan = PushPlan(
            items: [try item("worse", "2")],
            deployed: [before],
            origin: origin,
            prune: false
        )

        #expect(plan.changed.isEmpty)
        #expect(plan.unchanged.map(\.name.description) == ["worse"])
        #expect(plan.notes.first?.contains("faas promote worse 2") == true)
    }

    private func revision(
        _ number: Int,
        _ digest: String,
        _ share: Share?,
        isKept: Bool = true
    ) -> RevisionReport {
        RevisionReport(
            revision: "fn-\(number)",
            number: number,
            digest: digest,
            origin: origin,
            deployedAtMicros: 1,
            share: share,
            isKept: isKept
        )
    }

    @Test func `what somebody took off the traffic is not deployed again`() throws {
        let plan = PushPlan(
            items: [try item("back", "2"), try item("other", "2")],
            deployed: [deployed("back", "1"), deployed("other", "1")],
            origin: origin,
            prune: false,
            takenOff: [try #require(FunctionName("back")): 2]
        )

        #expect(plan.changed.map(\.name.description) == ["other"])
        #expect(plan.unchanged.map(\.name.description) == ["back"])
        #expect(plan.notes.count == 1)
        #expect(plan.notes.first?.contains("faas promote back 2") == true)
    }

    @Test func `a newer revision without traffic was taken off it`() {
        let rolledBack = [revision(3, "3", nil), revision(2, "2", nil), revision(1, "1", .all)]
        let divided = [revision(2, "2", Share.none), revision(1, "1", .all)]

        #expect(PushPlan.takenOff("2", rolledBack) == 2)
        #expect(PushPlan.takenOff("3", rolledBack) == 3)
        #expect(PushPlan.takenOff("2", divided) == 2)
        #expect(PushPlan.takenOff("4", rolledBack) == nil)
    }

    @Test func `a commit that goes back to an older revision is deployed`() {
        let revisions = [revision(2, "2", .all), revision(1, "1", nil)]
        let canary = [revision(2, "2", Share(percent: 5)), revision(1, "1", Share(percent: 95))]
        let notKept = [revision(2, "2", nil, isKept: false), revision(1, "1", .all)]

        #expect(PushPlan.takenOff("1", revisions) == nil)
        #expect(PushPlan.takenOff("1", canary) == nil)
        #expect(PushPlan.takenOff("2", canary) == nil)
        #expect(PushPlan.takenOff("2", notKept) == nil)
    }

    @Test func `a folder that is gone is removed with prune only`() throws {
        let before = [deployed("gone", "1")]

        let kept = PushPlan(items: [], deployed: before, origin: origin, prune: false)
        let pruned = PushPlan(items: [], deployed: before, origin: origin, prune: true)

        #expect(kept.removed.isEmpty)
        #expect(kept.notes.first?.contains("`faas remove gone` removes it") == true)
        #expect(pruned.removed.map(\.description) == ["gone"])
        #expect(pruned.notes.isEmpty)
    }

    @Test func `what came from elsewhere is never removed`() {
        let others = [
            deployed("branch", "1", Origin(repository: "models", branch: "dev")),
            deployed("repository", "1", Origin(repository: "tools", branch: "main")),
            deployed("hand", "1", Origin()),
        ]

        let plan = PushPlan(items: [], deployed: others, origin: origin, prune: true)

        #expect(plan.removed.isEmpty)
    }

    @Test func `nothing is gone while a folder's function is not known`() {
        let plan = PushPlan(
            items: [],
            deployed: [deployed("gone", "1")],
            origin: origin,
            prune: true,
            isWhole: false
        )

        #expect(plan.removed.isEmpty)
        #expect(plan.notes.isEmpty)
    }

    @Test func `a function that another repository deployed is taken over with a note`() throws {
        let plan = PushPlan(
            items: [try item("shared", "2")],
            deployed: [deployed("shared", "1", Origin(repository: "tools", branch: "main"))],
            origin: origin,
            prune: false
        )

        #expect(plan.changed.count == 1)
        #expect(plan.notes == ["shared came from the repository tools until now"])
    }
}
