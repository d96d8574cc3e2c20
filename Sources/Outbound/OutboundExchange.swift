package import CCurlShim
import Glibc

/// One exchange through libcurl, on the calling thread, with an address that a user named.
///
/// libcurl calls back with a pointer to this; it is a class so that the pointer stays good.
package final class OutboundExchange {
    /// Sees some bytes of the answer; false ends the exchange.
    package typealias Taker = (UnsafeRawBufferPointer) -> Bool

    /// libcurl's own set-up, once a process; false when it failed.
    private static let isLibraryReady = ccurl_global_init() == CURLE_OK

    /// What the last address was that was not connected to; nil when none was refused.
    package private(set) var refusal: String?
    /// Whether there was an address that might be connected to.
    package private(set) var hasOpenedSocket = false
    private let url: String
    private let isLoopback: Bool
    private let connectMillisMax: Int
    private let takeLine: Taker
    private let takeBody: Taker
    private let isStopping: () -> Bool

    /// `takeLine` sees the answer's header line by line; `isStopping` is asked about once a second.
    package init(
        to url: String,
        isLoopback: Bool,
        connectMillisMax: Int,
        takeLine: @escaping Taker,
        takeBody: @escaping Taker,
        isStopping: @escaping () -> Bool
    ) {
        self.url = url
        self.isLoopback = isLoopback
        self.connectMillisMax = connectMillisMax
        self.takeLine = takeLine
        self.takeBody = takeBody
        self.isStopping = isStopping
    }

    /// Blocks until the exchange has ended.
    ///
    /// - Parameters:
    ///   - fields: as `Name: value`.
    ///   - options: sets what is special to this exchange, and gives libcurl's answers.
    /// - Returns: libcurl's word on it and the answer's status, 0 without one; nil when libcurl
    ///   could not be set up.
    package func run(
        fields: [String],
        options: (UnsafeMutableRawPointer) -> [CURLcode]
    ) -> (code: CURLcode, status: Int)? {
        guard Self.isLibraryReady, let handle = curl_easy_init() else { return nil }
        defer { curl_easy_cleanup(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for field in fields { list = curl_slist_append(list, field) ?? list }
        let codes = commonOptions(handle) + options(handle)
        guard codes.allSatisfy({ $0 == CURLE_OK }),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, list) == CURLE_OK
        else { return nil }
        let code = withExtendedLifetime(self) { curl_easy_perform(handle) }
        return (code, ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, 0))
    }

    private func commonOptions(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        var codes = [
            ccurl_set_string(handle, CURLOPT_URL, url),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_string(handle, CURLOPT_USERAGENT, "faas"),
            ccurl_set_opensocket(handle, openSocket, pointer),
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, connectMillisMax),
            ccurl_set_write(handle, CURLOPT_WRITEFUNCTION, takeBytes),
            ccurl_set_pointer(handle, CURLOPT_WRITEDATA, pointer),
            ccurl_set_write(handle, CURLOPT_HEADERFUNCTION, takeHeader),
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, pointer),
            ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0),
            ccurl_set_progress(handle, goOn),
            ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, pointer),
        ]
        // A proxy meant for the internet cannot reach this host's loopback. One that is used
        // resolves names itself, and answers for where they lead.
        if isLoopback { codes.append(ccurl_set_string(handle, CURLOPT_NOPROXY, "*")) }
        return codes
    }
}

// MARK: - What libcurl calls

extension OutboundExchange {
    /// A socket for an address that may be connected to.
    fileprivate func open(_ target: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        let address = NetworkAddress(target)
        if let reason = address == nil ? "no IP address" : address?.refusal {
            refusal = reason
            return CURL_SOCKET_BAD
        }
        hasOpenedSocket = true
        let target = target.pointee
        // Instances are started meanwhile, and are not to have it.
        return socket(target.family, target.socktype | O_CLOEXEC, target.protocol)
    }

    fileprivate func take(_ bytes: UnsafeRawBufferPointer, by taker: Taker) -> Int {
        // Any other number than that of the bytes given ends the exchange.
        taker(bytes) ? bytes.count : bytes.count + 1
    }

    fileprivate func take(line bytes: UnsafeRawBufferPointer) -> Int { take(bytes, by: takeLine) }

    fileprivate func take(body bytes: UnsafeRawBufferPointer) -> Int { take(bytes, by: takeBody) }

    fileprivate var shouldGoOn: Bool { !isStopping() }
}

private func exchange(_ pointer: UnsafeMutableRawPointer?) -> OutboundExchange? {
    pointer.map { Unmanaged<OutboundExchange>.fromOpaque($0).takeUnretainedValue() }
}

private func openSocket(
    pointer: UnsafeMutableRawPointer?,
    purpose: curlsocktype,
    target: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let target else { return CURL_SOCKET_BAD }
    return exchange(pointer)?.open(target) ?? CURL_SOCKET_BAD
}

private func takeBytes(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    exchange(pointer)?.take(body: UnsafeRawBufferPointer(start: buffer, count: size * count)) ?? 0
}

private func takeHeader(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    exchange(pointer)?.take(line: UnsafeRawBufferPointer(start: buffer, count: size * count)) ?? 0
}

private func goOn(
    pointer: UnsafeMutableRawPointer?,
    downloadTotal: curl_off_t,
    downloaded: curl_off_t,
    uploadTotal: curl_off_t,
    uploaded: curl_off_t
) -> Int32 {
    exchange(pointer)?.shouldGoOn == true ? 0 : 1
}
