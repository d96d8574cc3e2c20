import CCurlShim

/// Keeps the connection to the gateway open from one exchange to the next.
///
/// For one thread at a time.
package final class Connection {
    /// How long it may lie idle and still be used: less than a gateway keeps it open.
    private static let idleSecondsMax = 5

    /// libcurl's own set-up, once a process; false when it failed.
    private static let isLibraryReady = ccurl_global_init() == CURLE_OK

    private let handle: UnsafeMutableRawPointer

    /// Connects nowhere yet; throws `unreachable` when libcurl cannot be set up.
    package init() throws(ClientError) {
        guard Self.isLibraryReady, let handle = curl_easy_init() else {
            throw ClientError(.unreachable, "libcurl could not be set up")
        }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    /// The handle without the options of the exchange before.
    func renewed() -> UnsafeMutableRawPointer {
        curl_easy_reset(handle)
        _ = ccurl_set_long(handle, CURLOPT_MAXAGE_CONN, Self.idleSecondsMax)
        return handle
    }
}
