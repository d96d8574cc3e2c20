#if NATS
import CNATS
import Triggers

/// Turns the library's codes into words.
enum NATSFault {
    static func check(_ status: natsStatus, _ url: BrokerURL, _ what: String) throws(BrokerError) {
        guard status != NATS_OK else { return }
        throw error(status, url, what)
    }

    static func error(
        _ status: natsStatus,
        _ url: BrokerURL,
        _ what: String,
        _ code: jsErrCode = jsErrCode(rawValue: 0)
    ) -> BrokerError {
        let reason = natsStatus_GetText(status).map { String(cString: $0).lowercased() } ?? ""
        let text = "NATS at \(url.shown) \(what): \(reason)"
        if code == JSNotEnabledErr || code == JSNotEnabledForAccountErr {
            return BrokerError(
                .invalid,
                "NATS at \(url.shown) has no JetStream: start the server with `-js`, or enable it "
                    + "for this account"
            )
        }
        switch status {
        case NATS_CONNECTION_AUTH_FAILED, NATS_NOT_PERMITTED:
            return BrokerError(
                .unauthorized,
                "NATS at \(url.shown) refused the user, password or token: correct the URL, as in "
                    + "nats://user:password@host:4222"
            )
        case NATS_SECURE_CONNECTION_REQUIRED:
            return BrokerError(.invalid, "\(text); begin the URL with tls://")
        case NATS_SECURE_CONNECTION_WANTED:
            return BrokerError(.invalid, "\(text); begin the URL with nats://")
        case NATS_SSL_ERROR:
            return BrokerError(.invalid, "\(text); check the server's certificate and its name")
        case NATS_ADDRESS_MISSING, NATS_INVALID_SUBJECT, NATS_INVALID_ARG,
            NATS_INVALID_QUEUE_NAME, NATS_NO_SERVER_SUPPORT:
            return BrokerError(.invalid, text)
        default:
            return BrokerError(.disconnected, text)
        }
    }
}
#endif
