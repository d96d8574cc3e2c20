package import Functions
package import GatewayAPI
import NIOConcurrencyHelpers
import Storage

/// Pushes that are under way: what was prepared for each waits here.
package final class Pushes: Sendable {
    package struct Push: Sendable {
        package let origin: Origin
        package let account: Account
        /// Monotonic nanoseconds.
        var usedAt: UInt64
        /// Functions that are being prepared.
        let running = RunningDeploys()
        var prepared: [Prepared] = []
    }

    /// A push that nobody asks anything of for so long is given up.
    package static let idleMillisMax = 60_000
    static let pushesMax = 64
    /// Functions that one push may change.
    static let preparedMax = 256

    private let pushes = NIOLockedValueBox<[String: Push]>([:])

    package init() {}

    /// - Throws: `Problem`: another push of the same repository is under way.
    package func open(_ origin: Origin, account: Account, id: String) throws -> PushTicket {
        try pushes.withLockedValue { pushes in
            let other = pushes.values.first {
                $0.account == account && $0.origin.repository == origin.repository
            }
            if let other {
                let commit = other.origin.commit.map { " of \($0.prefix(12))" } ?? ""
                let who = other.origin.deployedBy.map { " by \($0)" } ?? ""
                throw Problem(
                    .pushInProgress,
                    detail: "A push\(commit)\(who) is under way.",
                    retryAfterSeconds: 1
                )
            }
            guard pushes.count < Self.pushesMax else {
                throw Problem(
                    .pushInProgress,
                    detail: "\(Self.pushesMax) pushes are under way.",
                    retryAfterSeconds: 1
                )
            }
            pushes[id] = Push(origin: origin, account: account, usedAt: Clock.monotonicNanos())
            return PushTicket(id: id, idleMillisMax: Self.idleMillisMax)
        }
    }

    /// Keeps it for a while, as something is asked for it; `now` is in monotonic nanoseconds.
    ///
    /// - Throws: `Problem`: there is no such push, or not any more.
    package func touch(
        _ id: String,
        account: Account,
        now: UInt64 = Clock.monotonicNanos()
    ) throws {
        try pushes.withLockedValue { pushes in
            guard let push = pushes[id], push.account == account else { throw Self.notFound }
            pushes[id]?.usedAt = max(push.usedAt, now)
        }
    }

    /// A function is about to be prepared for it; `end` follows.
    func begin(_ id: String, _ deploy: DeployStop, account: Account) throws -> Origin {
        try pushes.withLockedValue { pushes in
            guard var push = pushes[id], push.account == account else { throw Self.notFound }
            guard push.prepared.count + push.running.count < Self.preparedMax else {
                throw Problem(
                    .payloadTooLarge,
                    detail: "A push changes \(Self.preparedMax) functions at most."
                )
            }
            push.running.add(deploy)
            push.usedAt = Clock.monotonicNanos()
            pushes[id] = push
            return push.origin
        }
    }

    /// - Returns: false when the push was given up meanwhile: what was prepared is the caller's.
    func end(_ id: String, _ deploy: DeployStop, _ prepared: Prepared?) -> Bool {
        pushes.withLockedValue { pushes in
            guard var push = pushes[id] else {
                // What was prepared is still to be given up.
                if prepared == nil { deploy.end() }
                return false
            }
            // Under the lock: a push without running deploys may be taken by others.
            deploy.end()
            push.usedAt = Clock.monotonicNanos()
            if let prepared { push.prepared.append(prepared) }
            pushes[id] = push
            return true
        }
    }

    /// Ends a push; what was prepared for it is the caller's.
    func take(_ id: String, account: Account) throws -> Push {
        try pushes.withLockedValue { pushes in
            guard let push = pushes[id], push.account == account else { throw Self.notFound }
            guard push.running.count == 0 else {
                throw Problem(
                    .pushInProgress,
                    detail: "\(push.running.count) functions of it are being prepared.",
                    retryAfterSeconds: 1
                )
            }
            pushes[id] = nil
            return push
        }
    }

    /// Gives it up, also while functions are being prepared.
    func drop(_ id: String, account: Account) throws -> Push {
        try pushes.withLockedValue { pushes in
            guard let push = pushes[id], push.account == account else { throw Self.notFound }
            pushes[id] = nil
            return push
        }
    }

    /// Ends those that nobody asked anything of for too long; `now` is in monotonic nanoseconds.
    package func takeIdle(now: UInt64) -> [Push] {
        pushes.withLockedValue { pushes in
            let limit = UInt64(Self.idleMillisMax) * 1_000_000
            let idle = pushes.filter { _, push in
                push.running.count == 0 && now > push.usedAt + limit
            }
            for id in idle.keys { pushes[id] = nil }
            return Array(idle.values)
        }
    }

    private static let notFound = Problem(
        .pushNotFound,
        detail: "It was applied, given up after \(idleMillisMax / 1000) s without a request, or "
            + "the gateway was started again since: push again."
    )
}
