/// One batch that was written or given up, for the gateway's metrics.
package struct LedgerCommit: Sendable {
    /// Who did the writing.
    package enum Place: Sendable, Hashable {
        /// The thread that called `flush`.
        case caller
        /// The ledger's own thread.
        case thread
    }

    package let rows: Int
    package let refused: Int
    /// Of the transaction; with retries, of all of them and the pauses between.
    package let nanos: Int64
    package let place: Place
    /// Nil once the rows are durable.
    package let failure: StorageError?
}
