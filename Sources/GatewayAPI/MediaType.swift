/// The content types that the routes speak.
package enum MediaType {
    package static let json = "application/json"
    /// RFC 9457.
    package static let problem = "application/problem+json"
    /// One JSON value a line.
    package static let lines = "application/x-ndjson"
    /// CloudEvents 1.0, JSON format: one event.
    package static let cloudEvent = "application/cloudevents+json"
    /// CloudEvents 1.0, JSON format: an array of events.
    package static let cloudEventBatch = "application/cloudevents-batch+json"
    /// An array of `{"body": ..., "group"?, "delayMillis"?, "deduplicationId"?}`.
    package static let messageBatch = "application/vnd.faas.messages+json"
    package static let bundle = "application/x-tar"
    package static let csv = "text/csv; charset=utf-8"
    package static let text = "text/plain; charset=utf-8"
}
