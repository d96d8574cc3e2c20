/// The header fields of an invocation's answer.
package enum HeaderName {
    package static let invocationID = "X-Invocation-Id"
    package static let startKind = "X-Start-Kind"
    package static let serverTiming = "Server-Timing"
    package static let retryAfter = "Retry-After"
}
