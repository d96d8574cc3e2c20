import CCurlShim
import Outbound

/// Where an answer is to be posted, as libcurl understands it.
///
/// The text is an `http` or `https` URL. With `structured+` before it, as in
/// `structured+https://example.org/results`, the event is sent in CloudEvents' structured mode,
/// else in the binary one.
package struct CallbackURL: Sendable, Hashable {
    package enum Reading: Sendable, Hashable {
        case url(CallbackURL)
        /// Says why it cannot be a callback's URL.
        case refused(String)
    }

    package static let bytesMax = 2048
    package static let structuredPrefix = "structured+"

    package let mode: CallbackEvent.Mode
    /// Without the mode.
    package let text: String
    /// `https://example.org:8443`: what of it may stand in a log, because paths and queries hold
    /// secrets of receivers.
    package let origin: String
    package let host: String

    package static func read(_ text: String) -> Reading {
        guard text.utf8.count <= bytesMax else {
            return .refused("the callback's URL is longer than \(bytesMax) bytes")
        }
        // libcurl's texts end at a zero, and a line's end could start a header field.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            return .refused("the callback's URL holds a space or a control character")
        }
        let isStructured = text.prefix(structuredPrefix.count).lowercased() == structuredPrefix
        let bare = isStructured ? String(text.dropFirst(structuredPrefix.count)) : text
        guard let parts = URLParts(bare), let scheme = parts[CURLUPART_SCHEME],
            ["http", "https"].contains(scheme.lowercased()), let host = parts[CURLUPART_HOST],
            !host.isEmpty
        else { return .refused("the callback's URL is no http or https URL") }
        guard parts[CURLUPART_USER] == nil, parts[CURLUPART_PASSWORD] == nil else {
            return .refused("the callback's URL holds a user or a password")
        }
        let port = parts[CURLUPART_PORT].map { ":\($0)" } ?? ""
        return .url(
            CallbackURL(
                mode: isStructured ? .structured : .binary,
                text: bare,
                origin: "\(scheme.lowercased())://\(host)\(port)",
                host: host.lowercased()
            )
        )
    }

    /// Why nothing may be sent to the address that stands in it; nil when one may, and when it
    /// holds a name: that is judged by what it resolves to, when the connection is made.
    package var refusal: String? {
        NetworkAddress(host)?.refusal.map { "the callback's URL holds \($0), \(host)" }
    }

    /// Leads to this host, by libcurl's own rule for `localhost` (RFC 6761, section 6.3) or by its
    /// address.
    package var isLoopback: Bool {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        return name == "localhost" || name.hasSuffix(".localhost")
            || NetworkAddress(host)?.isLoopback == true
    }
}

/// A URL taken apart by libcurl, so that what is judged is what it would connect to.
private final class URLParts {
    private let handle: OpaquePointer

    init?(_ text: String) {
        guard let handle = curl_url() else { return nil }
        self.handle = handle
        guard curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else { return nil }
    }

    deinit { curl_url_cleanup(handle) }

    /// Nil when the URL has no such part.
    subscript(part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
