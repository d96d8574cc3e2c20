/// What the drivers hold themselves to.
package enum BrokerLimits {
    /// How long a message is left to this consumer without hearing of it.
    package static let leaseMillis = 30_000
    /// How long an answer to one request may take, beside the time that it is asked to wait.
    package static let requestMillis = 10_000
    /// The longest wait for a first message in one call.
    package static let waitMillisMax = 60_000
    /// Messages taken in one call.
    package static let messagesMax = 1_000
    /// Header fields of one message; what is over is left out.
    package static let headersMax = 64
    /// The name and value of one header field.
    package static let headerBytesMax = 8 << 10
    /// All header fields of one message, as lines; what is over is left out.
    package static let headersBytesMax = 16 << 10
    /// The text of a broker's that is quoted in an error.
    package static let quoteLengthMax = 200
}
