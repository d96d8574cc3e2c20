import NIOConcurrencyHelpers
import Pooling

/// Lets a deploy be given up while its requirements are installed, its weights are fetched, or its
/// model is loaded and tried.
final class DeployStop: Sendable {
    private struct Mutable {
        var isStopped = false
        /// Nobody hears what becomes of it.
        var isUnheard = false
        var hasEnded = false
        var pool: Pool?
        var endWait: (@Sendable () -> Void)?
    }

    private let state = NIOLockedValueBox(Mutable())

    /// - Returns: false when it has been given up already.
    func tries(_ pool: Pool) -> Bool {
        state.withLockedValue { state in
            state.pool = pool
            return !state.isStopped
        }
    }

    /// It installs or fetches from now on, which may take minutes; `end` ends that, and is called
    /// at once when nobody waits for it.
    ///
    /// Nil when it is over.
    func waits(_ end: (@Sendable () -> Void)?) {
        let isUnwanted = state.withLockedValue { state in
            state.endWait = end
            return state.isStopped || state.isUnheard
        }
        if isUnwanted { end?() }
    }

    func end() { state.withLockedValue { $0.hasEnded = true } }

    var hasEnded: Bool { state.withLockedValue { $0.hasEnded } }
    var isStopped: Bool { state.withLockedValue { $0.isStopped } }

    /// The pool in which it tries its model, if it has come so far, is to be drained.
    func stop() -> Pool? {
        let (pool, endWait) = state.withLockedValue { state in
            state.isStopped = true
            return (state.pool, state.endWait)
        }
        endWait?()
        return pool
    }

    /// Who asked for it has gone: an install or a fetch ends.
    ///
    /// What is past that goes on, as it takes less than to begin anew.
    func unheard() {
        let endWait = state.withLockedValue { state in
            state.isUnheard = true
            return state.endWait
        }
        endWait?()
    }
}

/// Stands for who hears what becomes of a deploy; when nobody has it any more, nobody does.
package final class DeployListener: Sendable {
    private let stop: DeployStop

    init(_ stop: DeployStop) { self.stop = stop }

    deinit { left() }

    /// Who asked for the deploy has gone.
    package func left() { stop.unheard() }
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
