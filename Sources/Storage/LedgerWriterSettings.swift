/// The limits of a `LedgerWriter`.
package struct LedgerWriterSettings: Sendable, Hashable {
    /// Records that may wait for their commit, some 180 bytes each; default 65,536.
    package var pendingMax = 65_536
    /// How long a batch is tried again after the disk failed, in milliseconds; default 1,000.
    package var retryMillisMax: Int64 = 1_000
    /// The pause after a first failure, in milliseconds, doubled up to 16 times this; default 5.
    package var retryPauseMillis: Int64 = 5
    /// What a commit on a caller's thread may take, in microseconds; default 2,000.
    ///
    /// One that takes longer moves writing to the ledger's own thread for a while; 0 moves it there
    /// for good.
    package var callerMicrosMax: Int64 = 2_000
    /// How long callers leave writing alone after a first slow commit, in milliseconds; default 2.
    package var pauseMillis: Int64 = 2
    /// The same while commits stay slow, in milliseconds; default 1,000.
    package var pauseMillisMax: Int64 = 1_000
    /// Pages of 4 KiB in the write-ahead log that call for a checkpoint; default 1,000.
    package var logPagesMax = 1_000

    package init() {}
}
