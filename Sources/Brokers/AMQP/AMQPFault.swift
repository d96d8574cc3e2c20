#if AMQP
import CRabbitMQ
import Triggers

/// Turns the library's codes, and the broker's reasons for closing, into what to do.
enum AMQPFault {
    static func error(_ status: Int32, _ url: BrokerURL, _ what: String) -> BrokerError {
        let reason = amqp_error_string2(status).map { String(cString: $0).lowercased() } ?? ""
        let text = "AMQP broker at \(url.shown) \(what): \(reason)"
        switch status {
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue,
            AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue,
            AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue:
            return BrokerError(
                .invalid,
                "\(text): check the server's certificate, or use amqp:// where there is none"
            )
        default:
            return BrokerError(.disconnected, text)
        }
    }

    static func error(_ method: amqp_method_t, _ url: BrokerURL, _ what: String) -> BrokerError {
        var code: UInt16 = 0
        var said = "it was closed"
        switch method.id {
        case AMQP_CHANNEL_CLOSE_METHOD:
            if let close = method.decoded?.assumingMemoryBound(to: amqp_channel_close_t.self) {
                (code, said) = (close.pointee.reply_code, AMQPText.string(close.pointee.reply_text))
            }
        case AMQP_CONNECTION_CLOSE_METHOD:
            if let close = method.decoded?.assumingMemoryBound(to: amqp_connection_close_t.self) {
                (code, said) = (close.pointee.reply_code, AMQPText.string(close.pointee.reply_text))
            }
        case AMQP_BASIC_CANCEL_METHOD: said = "the queue was deleted"
        default: break
        }
        let quoted = BrokerError.quote(said, without: url.password)
        return error(closeCode: code, "AMQP broker at \(url.shown) \(what): \(quoted)")
    }

    /// The codes are those of AMQP 0-9-1, section 1.1 of its reference.
    private static func error(closeCode: UInt16, _ text: String) -> BrokerError {
        switch Int32(closeCode) {
        case AMQP_ACCESS_REFUSED:
            BrokerError(.unauthorized, "\(text): correct the user and password in the URL")
        case AMQP_NOT_ALLOWED where text.contains("refused"):
            BrokerError(.unauthorized, "\(text): give the user rights on this virtual host")
        case AMQP_NOT_ALLOWED, AMQP_INVALID_PATH:
            BrokerError(
                .invalid,
                "\(text): the URL's path is the virtual host, %2F or nothing for the first one"
            )
        case AMQP_NOT_FOUND:
            BrokerError(.invalid, "\(text): declare the queue first, or name another")
        case AMQP_RESOURCE_LOCKED:
            BrokerError(.invalid, "\(text): the queue belongs to another connection alone")
        default:
            // CONNECTION_FORCED when it stops, PRECONDITION_FAILED when a message was kept for
            // longer than its consumer_timeout: another connection mends both.
            BrokerError(.disconnected, text)
        }
    }
}

enum AMQPText {
    static func string(_ bytes: amqp_bytes_t) -> String {
        String(
            decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len),
            as: UTF8.self
        )
    }
}
#endif
