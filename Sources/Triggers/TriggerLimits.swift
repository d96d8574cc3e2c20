package import Functions

/// Bounds on what is kept for triggers.
package struct TriggerLimits: Sendable {
    /// Messages in one queue; default 10 million.
    package var messagesMax = 10_000_000
    /// Bytes of the file that hold something; default 16 GiB.
    package var bytesMax: Int64 = 16 << 30
    /// How long a result is kept, in milliseconds; default 1 hour.
    package var resultMillis: Int64 = 3_600_000
    /// Bytes of all results together; default 64 MiB.
    package var resultBytesMax = 64 << 20
    /// How long a deduplication id counts, in milliseconds; default 5 minutes.
    package var deduplicationMillis: Int64 = 300_000
    /// How long it is known why an attempt failed, in milliseconds; default 1 day.
    package var failureMillis: Int64 = 86_400_000
    /// Messages of one request; default 10,000.
    package var batchMax = 10_000
    /// Groups of one queue that are followed at once: further ones wait; default 100,000.
    package var groupsMax = 100_000
    /// Attempts at an asynchronous invocation; default 3.
    package var asyncAttempts = 3
    /// Attempts at posting a callback; default 11, over some 10 minutes.
    package var callbackAttempts = 11
    /// The pauses between them.
    package var callbackBackoff = Backoff(firstMillis: 1_000, lastMillis: 300_000)

    package init() {}
}
