import Glibc
import Synchronization

/// Ctrl-C as a question that long work asks itself.
enum Interruption {
    private static let flag = Atomic<Bool>(false)

    static var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// Makes the first SIGINT or SIGTERM a request; the second one ends the process at once.
    static func install() {
        // The flag is made here, because a signal handler must not be the first to touch it.
        _ = isRequested
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            Interruption.flag.store(true, ordering: .relaxed)
        }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
    }
}
