import Synchronization

extension LedgerWriter {
    /// What the ledger's thread does until the writer is closed.
    func serve() {
        while true {
            let wake = inbox.wait()
            writeAll()
            guard wake == .called else { return }
            checkpointIfDue()
            callIfNeeded()
        }
    }

    /// Writes until nothing is left, also what callers append meanwhile.
    func writeAll() {
        while true {
            if let written = desk.withLock({ writePersistently(&$0) }) {
                hand(out: written)
            } else if inbox.isEmpty {
                return
            }
        }
    }

    /// To be done by everyone who leaves the desk: a caller who found it taken relies on it.
    func callIfNeeded() {
        if !inbox.isEmpty { inbox.call() }
    }

    /// Moves the write-ahead log into the file in two steps, so that commits hardly wait.
    ///
    /// The first moves nearly all of it on a connection of its own, while others go on writing. The
    /// second holds them up for the little that was added since: only when all of it has moved does
    /// the next commit begin the log anew.
    private func checkpointIfDue() {
        guard desk.withLock({ $0.isCheckpointDue }) else { return }
        checkpoints.withLock { $0.checkpoint() }
        desk.withLock { desk in
            desk.connection.checkpoint()
            // A statement that is being read keeps the log from beginning anew; don't try at each
            // commit until it has been.
            let pages = desk.connection.logPages
            desk.checkpointAtPages =
                (pages < settings.logPagesMax ? 0 : pages) + settings.logPagesMax
        }
    }
}
