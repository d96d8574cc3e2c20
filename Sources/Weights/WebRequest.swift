import CCurlShim
import Outbound

/// What to ask a web server for.
struct WebRequest: Sendable {
    /// Keys of S3, with which libcurl signs.
    struct Signature: Sendable {
        var region: String
        var key: String
        var secret: String
        var sessionToken: String?
    }

    let url: String
    /// The URL without its query, which may be a secret.
    let shown: String
    /// Leads to this host.
    let isLoopback: Bool
    /// Nil for a plain download.
    var signature: Signature?

    /// - Throws: `.sourceInvalid`, `.sourceRefused`: nothing is fetched from there.
    init(url: String) throws(WeightsError) {
        guard let parts = URLParts(url), let scheme = parts[CURLUPART_SCHEME]?.lowercased(),
            let host = parts[CURLUPART_HOST]?.lowercased(), !host.isEmpty,
            // libcurl would take the first part of a path for a host.
            !url.dropFirst(scheme.utf8.count).hasPrefix(":///")
        else { throw WeightsError(.sourceInvalid, "the model's source is no valid URL") }
        let port = parts[CURLUPART_PORT].map { ":\($0)" } ?? ""
        self.url = url
        shown = "\(scheme)://\(host)\(port)\(parts[CURLUPART_PATH] ?? "")"
        guard parts[CURLUPART_USER] == nil, parts[CURLUPART_PASSWORD] == nil else {
            throw WeightsError(.sourceInvalid, "\(shown): the URL has a user in it: remove it")
        }
        let address = NetworkAddress(host)
        if let refusal = address?.refusal {
            throw WeightsError(
                .sourceRefused,
                "\(shown): nothing is fetched from \(refusal)"
            )
        }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        // By libcurl's own rule for `localhost` (RFC 6761, section 6.3), or by its address.
        isLoopback =
            name == "localhost" || name.hasSuffix(".localhost") || address?.isLoopback == true
        guard scheme == "https" || (scheme == "http" && isLoopback) else {
            throw WeightsError(
                .sourceRefused,
                "\(shown): http is taken from this host alone (127.0.0.1, [::1], localhost): "
                    + "use https"
            )
        }
    }
}
