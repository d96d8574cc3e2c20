import Synchronization

/// One who waits for a file of weights: a fetch for which nobody waits any more ends.
package final class WeightWait: Sendable {
    private struct State {
        var isLeft = false
        var whenLeft: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Waits no longer: `done` is called with the error `.stopped`, unless it has been called.
    package func leave() {
        let whenLeft = state.withLock { state in
            state.isLeft = true
            return state.whenLeft.take()
        }
        whenLeft?()
    }

    var isLeft: Bool { state.withLock { $0.isLeft } }

    /// Calls `body` in place of the one given before; at once where it has been left.
    func whenLeft(_ body: @escaping @Sendable () -> Void) {
        let isLeft = state.withLock { state in
            if !state.isLeft { state.whenLeft = body }
            return state.isLeft
        }
        if isLeft { body() }
    }
}
