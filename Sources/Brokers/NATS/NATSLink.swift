#if NATS
import CNATS
package import Functions
package import Triggers

/// One connection to a NATS server, with its JetStream context.
///
/// The library does not reconnect: whoever uses it must learn that the connection broke.
package final class NATSLink {
    /// A server that has not answered for two of these is gone.
    private static let pingMillis: Int64 = 15_000
    private static let pingsMax: Int32 = 2

    package let url: BrokerURL
    package let connection: OpaquePointer
    package let jetStream: OpaquePointer

    package init(_ source: BrokerSource, timeoutMillis: Int) throws(BrokerError) {
        let url = try BrokerURL(source, schemes: ["nats": 4_222, "tls": 4_222])
        self.url = url
        var options: OpaquePointer?
        defer { natsOptions_Destroy(options) }
        try NATSFault.check(natsOptions_Create(&options), url, "could not be set up")
        try Self.set(options, url: url, timeoutMillis: timeoutMillis)
        var connection: OpaquePointer?
        try NATSFault.check(natsConnection_Connect(&connection, options), url, "is not reachable")
        guard let connection else {
            throw BrokerError(.disconnected, "\(url.shown): no connection")
        }
        var wait = jsOptions()
        jsOptions_Init(&wait)
        wait.Wait = Int64(timeoutMillis)
        var jetStream: OpaquePointer?
        let status = natsConnection_JetStream(&jetStream, connection, &wait)
        guard status == NATS_OK, let jetStream else {
            natsConnection_Destroy(connection)
            throw NATSFault.error(status, url, "has no JetStream")
        }
        self.connection = connection
        self.jetStream = jetStream
    }

    deinit {
        jsCtx_Destroy(jetStream)
        natsConnection_Destroy(connection)
    }

    private static func set(
        _ options: OpaquePointer?,
        url: BrokerURL,
        timeoutMillis: Int
    ) throws(BrokerError) {
        let host = url.host.contains(":") ? "[\(url.host)]" : url.host
        var statuses = [
            natsOptions_SetURL(options, "\(url.scheme)://\(host):\(url.port)"),
            natsOptions_SetName(options, "faas"),
            natsOptions_SetTimeout(options, Int64(timeoutMillis)),
            natsOptions_SetAllowReconnect(options, false),
            natsOptions_SetPingInterval(options, pingMillis),
            natsOptions_SetMaxPingsOut(options, pingsMax),
            // Without one the library writes to the standard error stream.
            natsOptions_SetErrorHandler(options, { _, _, _, _ in }, nil),
        ]
        if let user = url.user, let password = url.password {
            statuses.append(natsOptions_SetUserInfo(options, user, password))
        } else if let token = url.user {
            statuses.append(natsOptions_SetToken(options, token))
        }
        if url.scheme == "tls" {
            statuses.append(natsOptions_SetSecure(options, true))
            statuses.append(natsOptions_SetExpectedHostname(options, url.host))
        }
        for status in statuses { try NATSFault.check(status, url, "could not be set up") }
    }

    /// Waits until the server has taken all that was sent.
    func flush() throws(BrokerError) {
        let status = natsConnection_FlushTimeout(connection, Int64(BrokerLimits.requestMillis))
        try NATSFault.check(status, url, "does not answer")
    }

    func publish(_ text: String, to subject: String) throws(BrokerError) {
        try NATSFault.check(
            natsConnection_PublishString(connection, subject, text),
            url,
            "took no message"
        )
    }
}
#endif
