import NIOConcurrencyHelpers

/// One of the processes that may run at once; left once, at the latest when nobody has it any more.
final class Place: Sendable {
    private let onLeaving: NIOLockedValueBox<(@Sendable () -> Void)?>

    init(_ onLeaving: @escaping @Sendable () -> Void) {
        self.onLeaving = NIOLockedValueBox(onLeaving)
    }

    deinit { leave() }

    func leave() {
        let action = onLeaving.withLockedValue { action in
            defer { action = nil }
            return action
        }
        action?()
    }
}
