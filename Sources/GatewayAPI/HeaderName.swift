/// The header fields that the routes give a meaning of their own.
package enum HeaderName {
    package static let invocationID = "X-Invocation-Id"
    package static let startKind = "X-Start-Kind"
    package static let serverTiming = "Server-Timing"
    package static let retryAfter = "Retry-After"
    /// The id of an asynchronous invocation.
    package static let callID = "X-Call-Id"
    /// Where the result of an asynchronous invocation is posted to.
    package static let callbackURL = "X-Callback-Url"
    /// A message with one that was seen before is not enqueued again.
    package static let deduplicationID = "X-Deduplication-Id"
    /// How long a message stays back, as a `TimeSpan`.
    package static let delay = "X-Delay"
    /// Messages of one group are delivered in their order, one at a time.
    package static let group = "X-Group"
}
