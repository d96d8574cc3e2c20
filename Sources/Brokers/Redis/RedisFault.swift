#if Redis
import Triggers

/// Turns an error reply into what to do.
enum RedisFault {
    static func error(_ text: String, _ url: BrokerURL) -> BrokerError {
        let quoted = BrokerError.quote(text, without: url.password)
        switch text.prefix(while: { $0 != " " }) {
        case "NOAUTH", "WRONGPASS":
            return unauthorized(url)
        case "NOPERM":
            return BrokerError(
                .unauthorized,
                "Redis at \(url.shown): this user may not read the stream (\(quoted))"
            )
        case "WRONGTYPE":
            return BrokerError(
                .invalid,
                "Redis at \(url.shown): the key is no stream; name another `stream:`"
            )
        case "ERR" where text.contains("AUTH") || text.contains("invalid password"):
            return unauthorized(url)
        case "ERR" where text.contains("unknown command"):
            return BrokerError(.invalid, "Redis at \(url.shown) is older than 6.2 (\(quoted))")
        case "ERR":
            return BrokerError(.invalid, "Redis at \(url.shown): \(quoted)")
        default:
            // LOADING, MASTERDOWN, READONLY, MISCONF, NOGROUP and their like pass, or are mended
            // by connecting anew.
            return BrokerError(.disconnected, "Redis at \(url.shown): \(quoted)")
        }
    }

    private static func unauthorized(_ url: BrokerURL) -> BrokerError {
        BrokerError(
            .unauthorized,
            "Redis at \(url.shown) refused the password: correct the URL, as in "
                + "redis://:password@host:6379/0"
        )
    }
}
#endif
