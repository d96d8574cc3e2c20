import CCurlShim

/// A URL taken apart by libcurl, so that what is judged is what it would connect to.
struct URLParts: ~Copyable {
    private let handle: OpaquePointer

    /// Nil when it is no URL.
    init?(_ text: String) {
        guard let handle = curl_url() else { return nil }
        guard curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else {
            curl_url_cleanup(handle)
            return nil
        }
        self.handle = handle
    }

    deinit { curl_url_cleanup(handle) }

    /// Nil when the URL has no such part.
    subscript(part: CURLUPart) -> String? { text(part, flags: 0) }

    /// With what was percent-encoded in it as it is; nil also when that holds a control character.
    func decoded(_ part: CURLUPart) -> String? { text(part, flags: UInt32(CURLU_URLDECODE)) }

    private func text(_ part: CURLUPart, flags: UInt32) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
