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

    /// Lets all that was prepared for a push take traffic, in one transaction.
    package func applyPush(
        _ id: String,
        _ application: PushApplication,
        account: Account
    ) async throws -> PushResult {
        let push = try pushes.take(id, account: account)
        let removals = application.remove.compactMap { FunctionName($0) }
            .filter { dispatcher.route($0.description)?.revision.account == account }
        let keys = Set(removals.map { DeployLocks.function($0) })
        guard locks.tryLock(keys) else {
            await discard(push)
            throw Problem(.deployInProgress, detail: "A function to remove is being deployed.")
        }
        defer { locks.unlock(keys) }
        do {
            try await release(
                push.prepared,
                removing: removals,
                commit: Self.commit(of: push.origin, isGone: application.branchIsGone)
            )
        } catch {
            await discard(push)
            throw error
        }
        for prepared in push.prepared { locks.unlock(prepared.locks) }
        if !removals.isEmpty { Task { await sweep() } }
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

    private static func commit(of origin: Origin, isGone: Bool) -> ServedCommit? {
        guard let repository = origin.repository, let branch = origin.branch else { return nil }
        return ServedCommit(
            repository: repository,
            branch: branch,
            commit: isGone ? nil : origin.commit,
            atMicros: Clock.wallMicros()
        )
    }
}
