import Glibc
import Synchronization

/// Ctrl-C, and whatever else asks the process to end, as a question that long work asks itself.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// The number of the signal that came last; 0 before any did.
    private static let last = Atomic<Int32>(0)
    /// Counts those that came.
    nonisolated(unsafe) private static let arrivals = UnsafeMutablePointer<sem_t>.allocate(
        capacity: 1
    )

    static var isRequested: Bool { last.load(ordering: .relaxed) != 0 }

    /// Makes the first SIGINT, SIGTERM or SIGHUP a request; the second ends the process at once.
    ///
    /// Writing to who reads no longer is an error and no end.
    static func install() {
        // All is made here, because a signal handler must not be the first to touch it.
        _ = isRequested
        sem_init(arrivals, 0, 0)
        awaitSecond()
        var action = sigaction()
        // Unlike one that is ignored, one with a handler is as usual in programs that are run.
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGPIPE, &action, nil)
        action.__sigaction_handler.sa_handler = { number in
            Interruption.last.store(number, ordering: .relaxed)
            sem_post(Interruption.arrivals)
        }
        for number in signals where number != SIGHUP || !isHangUpIgnored {
            sigaction(number, &action, nil)
        }
    }

    /// As `nohup` has it.
    private static var isHangUpIgnored: Bool {
        var action = sigaction()
        guard sigaction(SIGHUP, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == ignored
    }

    private static let ignored = unsafeBitCast(SIG_IGN, to: Int.self)

    /// Has a thread end the process on the second signal, because a handler may not remove files.
    private static func awaitSecond() {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // A signal is to break off what the main thread waits for.
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        pthread_create(
            &thread,
            nil,
            { _ in
                for _ in 0..<2 {
                    while sem_wait(Interruption.arrivals) != 0 {}
                }
                Interruption.end()
                return nil
            },
            nil
        )
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    private static func end() {
        // From now on one more ends it, however far this is.
        for number in signals { signal(number, SIG_DFL) }
        TemporaryFolder.removeAll()
        kill(getpid(), last.load(ordering: .relaxed))
    }
}
