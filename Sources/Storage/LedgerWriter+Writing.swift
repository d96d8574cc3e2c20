import Billing

extension LedgerWriter {
    /// What became of one attempt on a caller's thread.
    enum Turn {
        case nothing
        /// The ledger's thread must see to it.
        case left
        case done(Written)
    }

    /// A batch that is settled and not yet delivered.
    struct Written {
        var tokens: [Token]
        var refusals: [LedgerConnection.Refusal] = []
        /// Why none of it is in the ledger.
        var failure: StorageError?
        var nanos: Int64
        var place: LedgerCommit.Place
        var isCheckpointDue = false
    }

    /// A caller's turn: commits what is in the inbox, without ever trying twice.
    func writeOnce(_ desk: inout Desk) -> Turn {
        let start = Monitor.nowNanos()
        guard desk.failed == nil, !desk.isFailing, desk.pause.isOver(at: start) else {
            return .left
        }
        guard var batch = takeBatch(&desk) else { return .nothing }
        let refusals: [LedgerConnection.Refusal]
        do throws(StorageError) {
            refusals = try desk.connection.commit(batch.records)
        } catch {
            desk.failed = batch
            return .left
        }
        let end = Monitor.nowNanos()
        desk.pause.committed(from: start, to: end)
        return .done(
            Written(
                tokens: recycle(&batch, &desk),
                refusals: refusals,
                nanos: end - start,
                place: .caller,
                isCheckpointDue: desk.isCheckpointDue
            )
        )
    }

    /// The thread's turn: commits a batch, trying again for as long as the settings allow.
    func writePersistently(_ desk: inout Desk) -> Written? {
        let failed = desk.failed
        desk.failed = nil
        guard var batch = failed ?? takeBatch(&desk) else { return nil }
        let start = Monitor.nowNanos()
        let end = start + (desk.isFailing ? 0 : settings.retryMillisMax * 1_000_000)
        var pause = settings.retryPauseMillis * 1_000_000
        var refusals: [LedgerConnection.Refusal] = []
        var failure: StorageError?
        var isClosing = false
        while true {
            do throws(StorageError) {
                refusals = try desk.connection.commit(batch.records)
                failure = nil
                break
            } catch {
                failure = error
            }
            guard !isClosing, Monitor.nowNanos() + pause <= end else { break }
            isClosing = inbox.waitedForClose(nanos: pause)
            pause = min(pause * 2, settings.retryPauseMillis * 16_000_000)
        }
        desk.isFailing = failure != nil
        return Written(
            tokens: recycle(&batch, &desk),
            refusals: refusals,
            failure: failure,
            nanos: Monitor.nowNanos() - start,
            place: .thread
        )
    }

    /// Tells everyone in the batch, and the observer before them.
    func hand(out written: Written) {
        observe(
            LedgerCommit(
                rows: written.failure == nil ? written.tokens.count - written.refusals.count : 0,
                refused: written.refusals.count,
                nanos: written.nanos,
                place: written.place,
                failure: written.failure
            )
        )
        if let failure = written.failure { return deliver(written.tokens, .failure(failure)) }
        guard !written.refusals.isEmpty else { return deliver(written.tokens, .success(())) }
        var durable = written.tokens
        for refusal in written.refusals.reversed() { durable.remove(at: refusal.place) }
        if !durable.isEmpty { deliver(durable, .success(())) }
        for refusal in written.refusals {
            deliver([written.tokens[refusal.place]], .failure(refusal.error))
        }
    }

    private func takeBatch(_ desk: inout Desk) -> LedgerInbox<Token>.Batch? {
        inbox.take(into: &desk.spare)
        guard !desk.spare.records.isEmpty else { return nil }
        var batch = LedgerInbox<Token>.Batch()
        swap(&batch, &desk.spare)
        return batch
    }

    /// Returns the batch's tokens, and keeps its memory for the next batch.
    private func recycle(_ batch: inout LedgerInbox<Token>.Batch, _ desk: inout Desk) -> [Token] {
        let tokens = batch.tokens
        batch.removeAll()
        desk.spare = batch
        return tokens
    }
}
