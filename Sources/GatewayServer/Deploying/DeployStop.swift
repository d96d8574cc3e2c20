import NIOConcurrencyHelpers
import Pooling

/// Lets a deploy be given up while its model is loaded and tried.
final class DeployStop: Sendable {
    private struct Mutable {
        var isStopped = false
        var hasEnded = false
        var pool: Pool?
    }

    private let state = NIOLockedValueBox(Mutable())

    /// - Returns: false when it has been given up already.
    func tries(_ pool: Pool) -> Bool {
        state.withLockedValue { state in
            state.pool = pool
            return !state.isStopped
        }
    }

    func end() { state.withLockedValue { $0.hasEnded = true } }

    var hasEnded: Bool { state.withLockedValue { $0.hasEnded } }

    /// The pool in which it tries its model, if it has come so far, is to be drained.
    func stop() -> Pool? {
        state.withLockedValue { state in
            state.isStopped = true
            return state.pool
        }
    }
}

/// The deploys of a push that have not ended.
final class RunningDeploys: Sendable {
    private let deploys = NIOLockedValueBox<[DeployStop]>([])

    func add(_ deploy: DeployStop) { deploys.withLockedValue { $0.append(deploy) } }

    var all: [DeployStop] {
        deploys.withLockedValue { deploys in
            deploys.removeAll { $0.hasEnded }
            return deploys
        }
    }

    var count: Int { all.count }
}
