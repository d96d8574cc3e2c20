/// Keeps callers from committing while the disk is slow.
///
/// One slow commit says little: something else may have had the processor. So callers leave writing
/// alone for a moment after it, and twice as long each time that the next of them is slow too.
package struct CallerPause {
    private let commitNanosMax: Int64
    private let firstNanos: Int64
    private let nanosMax: Int64
    private var nanos: Int64
    /// In nanoseconds of the monotonic clock.
    private var endsAt: Int64 = 0

    package init(_ settings: LedgerWriterSettings) {
        commitNanosMax = settings.callerMicrosMax * 1_000
        firstNanos = settings.pauseMillis * 1_000_000
        nanosMax = settings.pauseMillisMax * 1_000_000
        nanos = firstNanos
    }

    package func isOver(at now: Int64) -> Bool { now >= endsAt }

    /// A caller has committed.
    package mutating func committed(from start: Int64, to end: Int64) {
        guard end - start > commitNanosMax else {
            nanos = firstNanos
            return
        }
        endsAt = end + nanos
        nanos = min(nanos * 2, nanosMax)
    }
}
