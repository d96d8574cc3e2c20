package import Functions
package import GatewayAPI
import Logging
import NIOConcurrencyHelpers
import Pooling
import Scheduling
import Storage

/// Several functions change together.
extension Deployer {
    /// Opens a push: functions are deployed for it by its id.
    package func openPush(_ order: PushOrder, account: Account) throws -> PushTicket {
        let id = dispatcher.makeID(acceptedAtMicros: Clock.wallMicros())
        return try pushes.open(order.origin, account: account, id: "\(id)")
    }

    /// Refuses before a bundle is taken in what would be refused after; who waits for a function
    /// that is busy asks again and again.
    ///
    /// - Throws: `Problem`: the function is being deployed, or there is no such push any more.
    func expect(_ name: FunctionName, push: String?, account: Account) throws {
        if let push { try pushes.touch(push, account: account) }
        guard !locks.holds(DeployLocks.deploy(name)) else {
            throw Problem(.deployInProgress, detail: "\(name) is being deployed already.")
        }
    }

    /// Lets all that was prepared for a push take traffic, in one transaction.
    package func applyPush(
        _ id: String,
        _ application: PushApplication,
        account: Account
    ) async throws -> PushResult {
        let push = try pushes.take(id, account: account)
        let removals: [FunctionName]
        do { removals = try await self.removals(application, push) } catch {
            await discard(push)
            throw error
        }
        let keys = Set(removals.map { DeployLocks.deploy($0) })
        guard locks.tryLock(keys) else {
            await discard(push)
            throw Problem(.deployInProgress, detail: "A function to remove is being deployed.")
        }
        defer { locks.unlock(keys) }
        do {
            try await release(
                push.prepared,
                removing: removals,
                commit: Self.commit(of: push, isGone: application.branchIsGone)
            )
        } catch {
            await discard(push)
            throw error
        }
        for prepared in push.prepared { locks.unlock(prepared.locks) }
        logger.info(
            "push applied",
            metadata: [
                "commit": "\(push.origin.commit ?? "")",
                "revisions": "\(push.prepared.map(\.revision.id))",
                "removed": "\(removals.map(\.description))",
            ]
        )
        return PushResult(
            functions: push.prepared.compactMap { prepared in
                description(
                    of: prepared.revision.function,
                    number: prepared.revision.number,
                    report: prepared.report
                )
            },
            removed: removals.map(\.description)
        )
    }

    /// Gives up what was prepared for a push.
    package func dropPush(_ id: String, account: Account) async throws {
        await discard(try pushes.drop(id, account: account))
    }

    /// What is being loaded is given up; returns when it has ended, or in a while.
    func discard(_ push: Pushes.Push) async {
        for deploy in push.running.all {
            guard let pool = deploy.stop() else { continue }
            Task { [scheduler] in await scheduler.retire(pool, rejectingWaiting: true) }
        }
        let deadline = Clock.monotonicNanos() + Self.stopSecondsMax * 1_000_000_000
        while push.running.count > 0, Clock.monotonicNanos() < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
        for prepared in push.prepared { await discard(prepared) }
    }

    /// What installs requirements or fetches weights is not waited for longer.
    private static let stopSecondsMax: UInt64 = 5

    /// Those that are the account's; none for a branch that is gone and of which nothing was
    /// served, as functions that name it came from an earlier repository of the same name.
    private func removals(
        _ application: PushApplication,
        _ push: Pushes.Push
    ) async throws -> [FunctionName] {
        if application.branchIsGone {
            let served = try await registry.servedCommits(
                of: push.origin.repository ?? "",
                account: push.account
            )
            guard served.contains(where: { $0.branch == push.origin.branch }) else { return [] }
        }
        return application.remove.compactMap { FunctionName($0) }
            .filter { dispatcher.route($0.description)?.revision.account == push.account }
    }

    private static func commit(of push: Pushes.Push, isGone: Bool) -> ServedCommit? {
        guard let repository = push.origin.repository, let branch = push.origin.branch else {
            return nil
        }
        return ServedCommit(
            account: push.account,
            repository: repository,
            branch: branch,
            commit: isGone ? nil : push.origin.commit,
            atMicros: Clock.wallMicros()
        )
    }
}
