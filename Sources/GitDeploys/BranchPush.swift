import Functions
import GatewayAPI
package import GatewayClient
import Packaging

/// Brings what serves to what a branch's commit says.
package struct BranchPush {
    package let repository: GitRepository
    /// Its calls end when whoever pushes stops.
    package let client: GatewayClient
    /// Its calls do not: what was accepted is carried through, and what was refused is dropped.
    package let steadyClient: GatewayClient
    /// A user of the host or of a client.
    package let deployedBy: String?
    /// Where temporary files go.
    package let temporaryFolder: String
    package let listen: (PushEvent) -> Void

    package init(
        repository: GitRepository,
        client: GatewayClient,
        steadyClient: GatewayClient,
        deployedBy: String?,
        temporaryFolder: String,
        listen: @escaping (PushEvent) -> Void
    ) {
        self.repository = repository
        self.client = client
        self.steadyClient = steadyClient
        self.deployedBy = deployedBy
        self.temporaryFolder = temporaryFolder
        self.listen = listen
    }
}

extension BranchPush {
    /// Builds and tries what a commit changes; nothing takes traffic yet.
    ///
    /// Once no other push is open, `check` says whether this one is still wanted. Nil for a branch
    /// that is not deployed.
    ///
    /// - Throws: what stops the push, after its functions were all tried and what was prepared was
    ///   dropped: ``GitDeployError``, ``PackagingError``, ``ClientError``.
    package func prepare(
        branch: String,
        commit: ObjectID,
        beganAtMicros: Int64? = nil,
        check: () throws -> Void = {}
    ) throws -> PreparedPush? {
        let beganAtMicros = beganAtMicros ?? WallClock.nowMicros()
        let tree = try repository.tree(commit)
        let settings = try repository.settings(in: tree)
        let environment = settings.environment(of: branch)
        guard environment != .ignored else {
            listen(.note("\(branch) is not deployed: faas.yaml says that it is ignored"))
            return nil
        }
        let origin = try repository.origin(of: commit, branch: branch, deployedBy: deployedBy)
        var found = try Found(self, commit: commit, tree: tree)
        let items = try found.items(isPreview: environment == .preview, branch: branch)
        let ticket = try open(origin)
        do {
            try check()
            let deployed = try client.functions()
            let plan = PushPlan(
                items: items,
                deployed: deployed,
                origin: origin,
                prune: settings.prune,
                isWhole: found.failures.isEmpty,
                takenOff: try takenOff(items, among: deployed)
            )
            say(plan, commit, origin, isPreview: environment == .preview, found)
            noteTroubles(items, among: deployed)
            try send(plan, &found, push: ticket.id, origin: origin)
            return PreparedPush(
                id: ticket.id,
                branch: branch,
                commit: commit,
                changed: plan.changed.map(\.name.description),
                unchanged: plan.unchanged.map(\.name.description),
                remove: plan.removed.map(\.description),
                beganAtMicros: beganAtMicros
            )
        } catch {
            drop(ticket.id)
            throw error
        }
    }

    /// Has what was prepared take traffic; false when the gateway does not know it any more.
    package func apply(_ push: PreparedPush) throws(ClientError) -> Bool {
        let result: PushResult
        do throws(ClientError) {
            result = try steadyClient.applyPush(push.id, PushApplication(remove: push.remove))
        } catch {
            guard error.problem?.knownCode == .pushNotFound else { throw error }
            return false
        }
        let millis = (WallClock.nowMicros() - push.beganAtMicros) / 1000
        listen(.served(push, result, millis: millis))
        return true
    }

    /// Takes the functions of a branch that is gone out of service, unless the gateway has served
    /// nothing of it since the repository was made: they came from an earlier one of its name then.
    package func remove(branch: String) throws {
        let (names, removed) = try end(branch)
        let kept = names.map(\.description).filter { !removed.contains($0) }
        if kept.isEmpty || !removed.isEmpty { listen(.removed(branch: branch, removed)) }
        guard !kept.isEmpty else { return }
        listen(
            .note(
                "\(kept.joined(separator: ", ")) of the branch \(branch) still there: nothing of "
                    + "it was served since this repository was made"
            )
        )
    }

    /// Has the gateway forget a branch that is gone and had no functions.
    package func forget(branch: String) throws { _ = try end(branch) }

    /// The functions of a branch that is gone, and those of them that were removed.
    private func end(_ branch: String) throws -> ([FunctionName], removed: [String]) {
        let origin = Origin(
            repository: repository.name,
            branch: branch,
            deployedBy: deployedBy
        )
        let ticket = try open(origin)
        do {
            let names = PushPlan.names(try client.functions(), from: origin)
            let result = try steadyClient.applyPush(
                ticket.id,
                PushApplication(remove: names.map(\.description), branchIsGone: true)
            )
            return (names, result.removed)
        } catch {
            drop(ticket.id)
            throw error
        }
    }

    /// It is dropped by itself when the gateway cannot be told.
    package func drop(_ id: String) { try? steadyClient.dropPush(id) }

    /// Opens a push, once no other of the repository is open.
    private func open(_ origin: Origin) throws -> PushTicket {
        func openPush() throws(ClientError) -> PushTicket { try client.openPush(origin) }
        return try waiting(for: .pushInProgress, work: openPush) { listen(.waiting(reason: $0)) }
    }

    /// Does `work` again and again while the gateway refuses it with `code`; `say` hears why, once.
    func waiting<Value>(
        for code: ProblemCode,
        work: () throws(ClientError) -> Value,
        say: (String) -> Void
    ) throws -> Value {
        let began = WallClock.nowMicros()
        var pauseMillis = GitLimits.pollMillis
        var hasSaid = false
        while true {
            do throws(ClientError) { return try work() } catch {
                guard error.problem?.knownCode == code else { throw error }
                if !hasSaid { say(error.message) }
                hasSaid = true
            }
            if client.isCancelled() { throw GitDeployError(.cancelled, "stopped") }
            guard WallClock.nowMicros() - began < GitLimits.waitMillisMax * 1000 else {
                throw GitDeployError(
                    .waitedTooLong,
                    "another push was under way for longer than "
                        + "\(GitLimits.waitMillisMax / 60_000) minutes",
                    advice: "push again"
                )
            }
            WallClock.pause(millis: pauseMillis)
            pauseMillis = min(2 * pauseMillis, GitLimits.pollMillisMax)
        }
    }

    /// By function, the revision that has its bundle and was taken off the traffic by hand.
    private func takenOff(
        _ items: [PushPlan.Item],
        among deployed: [FunctionSummary]
    ) throws -> [FunctionName: Int] {
        let digests = Dictionary(deployed.map { ($0.name, $0.digest) }) { first, _ in first }
        var numbers: [FunctionName: Int] = [:]
        for item in items {
            guard let digest = digests[item.name.description], digest != item.digest else {
                continue
            }
            do throws(ClientError) {
                let revisions = try client.revisions(of: item.name)
                numbers[item.name] = PushPlan.takenOff(item.digest, revisions)
            } catch {
                // It was removed just now.
                guard error.problem?.knownCode == .functionNotFound else { throw error }
            }
        }
        return numbers
    }

    /// The functions that serve what a branch's commit says, or came from the branch.
    func serving(_ branch: String, at commit: ObjectID) throws -> [FunctionName] {
        let deployed = try client.functions()
        let found = try Found(self, commit: commit, tree: try repository.tree(commit))
        let digests = Dictionary(deployed.map { ($0.name, $0.digest) }) { first, _ in first }
        let same = found.functions.filter { digests[$0.name.description] == $0.digest }
        let origin = Origin(repository: repository.name, branch: branch)
        return Set(same.map(\.name) + PushPlan.names(deployed, from: origin)).sorted()
    }

    private func say(
        _ plan: PushPlan,
        _ commit: ObjectID,
        _ origin: Origin,
        isPreview: Bool,
        _ found: Found
    ) {
        listen(
            .began(
                PushOutline(
                    branch: origin.branch ?? "",
                    commit: commit,
                    subject: origin.subject,
                    isPreview: isPreview,
                    changed: plan.changed.map(\.name),
                    unchanged: plan.unchanged.map(\.name),
                    removed: plan.removed,
                    refused: found.failures.compactMap(\.subject)
                )
            )
        )
        for note in plan.notes { listen(.note(note)) }
    }

    /// What became of the revisions that were pushed before.
    private func noteTroubles(_ items: [PushPlan.Item], among deployed: [FunctionSummary]) {
        let names = Set(items.map(\.name.description))
        for function in deployed where names.contains(function.name) {
            let name = function.name
            if let fallback = function.fallback {
                listen(
                    .note(
                        "\(name)-\(fallback.from) was taken off the traffic, and "
                            + "\(name)-\(fallback.to) serves again: \(fallback.reason)"
                    )
                )
            }
            if function.state == .failed {
                listen(
                    .note("\(function.revision) fails its probe: `faas describe \(name)` says why")
                )
            }
        }
    }
}
