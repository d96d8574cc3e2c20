package import Billing
import Synchronization

/// Makes usage records durable, many to a transaction, and says so to those who wait.
///
/// An event loop appends the records of one of its ticks and then flushes. Where nothing hinders
/// it, the flush commits on the spot: the transaction is a few system calls into the page cache,
/// takes less time than waking another thread, and a tick is a batch that follows the load.
///
/// What may take long is done by the ledger's own thread: checkpoints, retries on a failing disk,
/// all commits while the disk is slow or `synchronous` is `full`, and what was flushed while
/// another thread was committing. LEDGER.md has the measurements behind this.
///
/// Nothing is delivered as written before the transaction with its row has been committed.
package final class LedgerWriter<Token: Sendable>: Sendable {
    /// Told what became of a batch, on the thread that called `flush` or on the ledger's own: the
    /// tokens of durable rows, or those of rows that are not in the ledger and why.
    ///
    /// Called without any lock of the writer, so it may append and flush.
    package typealias Delivery = @Sendable ([Token], Result<Void, StorageError>) -> Void

    let inbox: LedgerInbox<Token>
    let desk: Mutex<Desk>
    let checkpoints: Mutex<LedgerConnection>
    let settings: LedgerWriterSettings
    let deliver: Delivery
    let observe: @Sendable (LedgerCommit) -> Void
    private let thread = Mutex<DedicatedThread?>(nil)

    /// What the one who writes has to itself.
    struct Desk {
        let connection: LedgerConnection
        /// A batch whose commit failed on a caller's thread; the ledger's thread tries it again.
        var failed: LedgerInbox<Token>.Batch?
        /// Empty; its memory is for the next batch.
        var spare = LedgerInbox<Token>.Batch()
        var pause: CallerPause
        /// The last batch was given up: the next ones are tried once each until one succeeds.
        var isFailing = false
        /// Pages in the write-ahead log that call for a checkpoint.
        var checkpointAtPages: Int

        var isCheckpointDue: Bool { connection.logPages >= checkpointAtPages }
    }

    /// Starts the thread, which keeps the writer alive until `close`.
    ///
    /// `observe` is told of each batch before its delivery, on the same thread.
    package init(
        _ ledger: Ledger,
        settings: LedgerWriterSettings = LedgerWriterSettings(),
        deliver: @escaping Delivery,
        observe: @escaping @Sendable (LedgerCommit) -> Void = { _ in }
    ) throws(StorageError) {
        var settings = settings
        if ledger.settings.synchronous == .full { settings.callerMicrosMax = 0 }
        self.settings = settings
        self.deliver = deliver
        self.observe = observe
        inbox = LedgerInbox(pendingMax: settings.pendingMax)
        desk = Mutex(
            Desk(
                connection: try ledger.connect(),
                pause: CallerPause(settings),
                checkpointAtPages: settings.logPagesMax
            )
        )
        checkpoints = Mutex(try ledger.connect())
        let thread = try DedicatedThread(name: "ledger") { self.serve() }
        self.thread.withLock { $0 = thread }
    }

    /// Takes a record; `flush` must follow on the same thread, once for all that were appended.
    /// - Returns: false when too many wait already, or the writer was closed; the record is then
    ///   not taken, and nothing will be delivered for it.
    package func append(_ record: UsageRecord, _ token: Token) -> Bool {
        inbox.append(record, token)
    }

    /// Has what was appended committed: here if that is quick, or by the ledger's thread.
    package func flush() {
        guard settings.callerMicrosMax > 0 else { return inbox.call() }
        // Whoever is at the desk looks into the inbox once more after leaving it.
        guard let turn = desk.withLockIfAvailable({ writeOnce(&$0) }) else { return }
        switch turn {
        case .nothing: callIfNeeded()
        case .left: inbox.call()
        case .done(let written):
            hand(out: written)
            if written.isCheckpointDue { inbox.call() } else { callIfNeeded() }
        }
    }

    /// Takes nothing more, commits or gives up what was taken, and ends the thread.
    ///
    /// Blocks for as long as that takes: `retryMillisMax` and two commits at most. Everything has
    /// been delivered when it returns, except for what another thread's `flush` is delivering just
    /// then. Not to be called from a delivery.
    package func close() {
        inbox.close()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        // What a caller's flush left behind after the thread had gone.
        writeAll()
    }
}
