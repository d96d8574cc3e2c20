/// Where the gateway is and how long to wait for it.
package struct ClientConfiguration: Sendable, Hashable {
    package static let urlDefault = "http://127.0.0.1:8080"

    /// Without a slash at its end.
    package var url: String
    /// Sent as `Authorization: Bearer`; nil sends none.
    package var token: String?
    /// Until a connection stands; default 5,000.
    package var connectTimeoutMillis = 5_000
    /// For a management route as a whole; default 30,000.
    package var requestTimeoutMillis = 30_000
    /// How long a deploy may go without a sign of progress; default 900.
    package var deployStallSeconds = 900

    /// Takes `url` or `FAAS_URL` or the default, and `FAAS_TOKEN`, from `environment`.
    ///
    /// Throws `urlInvalid` unless the URL begins with `http://` or `https://` and has a host.
    package init(url: String? = nil, environment: [String: String]) throws(ClientError) {
        var text = url ?? environment["FAAS_URL"] ?? ""
        if text.isEmpty { text = Self.urlDefault }
        while text.hasSuffix("/") { text.removeLast() }
        guard let host = Self.host(of: text), !host.isEmpty else {
            throw ClientError(
                .urlInvalid,
                "`\(text)` is not the URL of a gateway",
                advice: "set FAAS_URL to one such as \(Self.urlDefault)"
            )
        }
        self.url = text
        self.token = environment["FAAS_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the gateway is on this host, so that no proxy must come between.
    package var isLoopback: Bool {
        guard let host = Self.host(of: url) else { return false }
        return host == "localhost" || host.hasPrefix("127.") || host == "[::1]"
    }

    private static func host(of url: String) -> Substring? {
        guard let scheme = ["http://", "https://"].first(where: { url.hasPrefix($0) }),
            !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f })
        else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
        let location = authority.split(separator: "@").last ?? ""
        if location.hasPrefix("["), let end = location.firstIndex(of: "]") {
            return location[...end]
        }
        return location.prefix { $0 != ":" }
    }
}
