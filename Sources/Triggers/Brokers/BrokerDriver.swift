package import Functions

/// Reads from one kind of message broker.
package protocol BrokerDriver: Sendable {
    /// Connects, and makes what the broker needs to keep this consumer's place (a consumer group, a
    /// durable consumer); the stream or queue itself must exist.
    ///
    /// A broker that sends messages unasked has `capacity` of them out to this consumer at once,
    /// beside those that wait for another attempt. Blocks for `timeoutMillis` at most. Throws a
    /// message that says what to do.
    func connect(
        _ source: BrokerSource,
        capacity: Int,
        timeoutMillis: Int
    ) throws(BrokerError) -> any BrokerConnection
}

/// One consumer's connection.
///
/// One thread makes all calls, and each blocks.
///
/// After a call has thrown `disconnected` the connection is closed and another is made; the broker
/// then delivers again what was not settled.
package protocol BrokerConnection: AnyObject {
    /// How long the broker leaves a message to this consumer without hearing of it, in
    /// milliseconds; nil: as long as the connection lives.
    var leaseMillis: Int? { get }

    /// Takes up to `max` messages, waiting up to `waitMillis` for the first one.
    func receive(max: Int, waitMillis: Int) throws(BrokerError) -> [BrokerMessage]

    /// Tells the broker what became of messages; those of one call are sent together.
    func settle(_ settlements: [BrokerSettlement]) throws(BrokerError)

    /// Keeps messages for this consumer for another `leaseMillis`.
    func extend(_ tokens: [BrokerMessage.Token]) throws(BrokerError)

    /// Takes nothing more: what the broker sent unasked and `receive` did not give goes back to it.
    ///
    /// What was received is still settled and extended.
    func stopReceiving() throws(BrokerError)

    func close()
}

extension BrokerConnection {
    /// Most brokers send only what they are asked for.
    package func stopReceiving() throws(BrokerError) {}
}

/// A message as the broker delivered it.
package struct BrokerMessage: Sendable {
    /// What the driver needs to settle the message: a receipt, a delivery tag, an entry's id.
    package typealias Token = String

    package var token: Token
    /// The same for each delivery of this message, and unlike any other's at this source.
    package var identity: String
    /// When the broker took it, in microseconds since 1970 UTC; nil where it does not say.
    package var sentAtMicros: Int64?
    /// It may have been delivered before.
    package var isRedelivered: Bool
    /// Header fields for the handler, names in lower case: `content-type`, `ce-*`, the user's own.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        token: Token,
        identity: String,
        sentAtMicros: Int64?,
        isRedelivered: Bool,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]
    ) {
        self.token = token
        self.identity = identity
        self.sentAtMicros = sentAtMicros
        self.isRedelivered = isRedelivered
        self.headers = headers
        self.body = body
    }
}

/// What became of a message.
package struct BrokerSettlement: Sendable {
    package enum Verdict: Sendable, Hashable {
        /// Done, or a dead letter that is kept elsewhere: the broker forgets it.
        case acknowledged
        /// To be delivered again, not before so many milliseconds.
        case again(afterMillis: Int)
    }

    package var token: BrokerMessage.Token
    package var verdict: Verdict

    package init(token: BrokerMessage.Token, verdict: Verdict) {
        self.token = token
        self.verdict = verdict
    }
}

/// What is wrong with a broker, and what to do about it.
package struct BrokerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// Not reached, or the connection broke: worth trying again.
        case disconnected
        /// Wrong user, password or key.
        case unauthorized
        /// There is no such stream or queue, or the options do not fit the broker.
        case invalid
        /// This gateway was built without the driver.
        case unsupported
    }

    package var code: Code
    package var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
