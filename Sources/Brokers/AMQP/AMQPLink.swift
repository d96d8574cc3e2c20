#if AMQP
package import CRabbitMQ
package import Functions
import Glibc
package import Triggers

/// One connection to an AMQP broker with one channel.
package final class AMQPLink {
    package static let channel: amqp_channel_t = 1
    private static let frameBytesMax: Int32 = 131_072
    /// Debian's certificates of authorities; SSL_CERT_FILE names others, as for OpenSSL's programs.
    private static let certificates = "/etc/ssl/certs/ca-certificates.crt"

    package let url: BrokerURL
    package let state: amqp_connection_state_t
    private var isBroken = false
    private var isClosed = false

    package init(
        _ source: BrokerSource,
        heartbeatSeconds: Int,
        timeoutMillis: Int
    ) throws(BrokerError) {
        url = try BrokerURL(source, schemes: ["amqp": 5_672, "amqps": 5_671])
        guard let state = amqp_new_connection() else {
            throw BrokerError(.disconnected, "AMQP: no memory for a connection")
        }
        self.state = state
        try open(timeoutMillis: timeoutMillis)
        try logIn(heartbeatSeconds: heartbeatSeconds)
        amqp_channel_open(state, Self.channel)
        try check(amqp_get_rpc_reply(state), "opened no channel")
    }

    deinit { close() }

    /// Says goodbye where the connection is whole, and ends it.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        if !isBroken { amqp_connection_close(state, AMQP_REPLY_SUCCESS) }
        amqp_destroy_connection(state)
    }

    func checkOpen() throws(BrokerError) {
        guard isClosed || isBroken else { return }
        throw BrokerError(.disconnected, "AMQP broker at \(url.shown): the connection is closed")
    }

    private func open(timeoutMillis: Int) throws(BrokerError) {
        var timeout = timeval(millis: Int64(timeoutMillis))
        amqp_set_handshake_timeout(state, &timeout)
        amqp_set_rpc_timeout(state, &timeout)
        let isSecure = url.scheme == "amqps"
        let socket = isSecure ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state)
        guard let socket else {
            throw error(status: AMQP_STATUS_NO_MEMORY.rawValue, "has no socket")
        }
        if isSecure {
            let file = getenv("SSL_CERT_FILE").map { String(cString: $0) } ?? Self.certificates
            try check(status: amqp_ssl_socket_set_cacert(socket, file), "cannot be trusted")
        }
        let status = amqp_socket_open_noblock(socket, url.host, Int32(url.port), &timeout)
        try check(status: status, "is not reachable")
    }

    private func logIn(heartbeatSeconds: Int) throws(BrokerError) {
        let host = url.path.map { $0.isEmpty ? "/" : BrokerURL.decoded($0) } ?? "/"
        let reply = crabbitmq_login_plain(
            state,
            host,
            Self.frameBytesMax,
            Int32(heartbeatSeconds),
            url.user ?? "guest",
            url.password ?? "guest"
        )
        try check(reply, "did not let the user in")
    }

    func checkQueue(_ queue: String) throws(BrokerError) {
        withBytes(queue) { name in
            _ = amqp_queue_declare(state, Self.channel, name, 1, 0, 0, 0, amqp_empty_table)
        }
        try check(amqp_get_rpc_reply(state), "did not give the queue \(queue)")
    }

    /// Begins deliveries; `prefetch` of them are not settled at once.
    func consume(_ queue: String, prefetch: UInt16, tag: String) throws(BrokerError) {
        amqp_basic_qos(state, Self.channel, 0, prefetch, 0)
        try check(amqp_get_rpc_reply(state), "took no limit of deliveries")
        withBytes(queue) { name in
            withBytes(tag) { tag in
                _ = amqp_basic_consume(
                    state,
                    Self.channel,
                    name,
                    tag,
                    0,
                    0,
                    0,
                    amqp_empty_table
                )
            }
        }
        try check(amqp_get_rpc_reply(state), "did not deliver the queue \(queue)")
    }

    /// Ends deliveries; those that have come stay, and are still to be read.
    func cancel(tag: String) throws(BrokerError) {
        withBytes(tag) { tag in _ = amqp_basic_cancel(state, Self.channel, tag) }
        try check(amqp_get_rpc_reply(state), "did not end the deliveries")
    }

    private func withBytes(_ text: String, _ body: (amqp_bytes_t) -> Void) {
        text.withCString { start in body(amqp_cstring_bytes(start)) }
    }

    /// A frame that says that this side lives: librabbitmq sends its own only while it waits.
    func beat() throws(BrokerError) {
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
        frame.channel = 0
        try check(status: amqp_send_frame(state, &frame), "broke the connection")
    }
}

// MARK: - Errors

extension AMQPLink {
    package func check(status: Int32, _ what: String) throws(BrokerError) {
        guard status != AMQP_STATUS_OK.rawValue else { return }
        throw error(status: status, what)
    }

    package func check(_ reply: amqp_rpc_reply_t, _ what: String) throws(BrokerError) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION: throw error(closedBy: reply.reply, what)
        default: throw error(status: reply.library_error, what)
        }
    }

    private func error(status: Int32, _ what: String) -> BrokerError {
        isBroken = true
        return AMQPFault.error(status, url, what)
    }

    /// The broker closed the channel or the connection, and said why.
    func error(closedBy method: amqp_method_t, _ what: String) -> BrokerError {
        isBroken = true
        return AMQPFault.error(method, url, what)
    }
}
#endif
