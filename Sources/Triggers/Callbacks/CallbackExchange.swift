import CCurlShim
import Glibc
import Outbound

/// One try at posting an answer, through libcurl on the calling thread.
///
/// libcurl calls back with a pointer to this; it is a class so that the pointer stays good.
package final class CallbackExchange {
    /// libcurl's own set-up, once a process; false when it failed.
    private static let isLibraryReady = ccurl_global_init() == CURLE_OK

    private let url: CallbackURL
    private let fields: [(name: String, value: String)]
    private let body: [UInt8]
    private let limits: CallbackLimits
    private let isStopping: () -> Bool
    private var answerBytes = 0
    private var hasOpenedSocket = false
    private var refusal: String?

    /// `isStopping` is asked about once a second; the try is broken off when it is true.
    package init(
        to url: CallbackURL,
        fields: [(name: String, value: String)],
        body: [UInt8],
        limits: CallbackLimits,
        isStopping: @escaping () -> Bool
    ) {
        self.url = url
        self.fields = fields
        self.body = body
        self.limits = limits
        self.isStopping = isStopping
    }

    /// Blocks until the receiver has answered, or will not.
    package func run() -> CallbackVerdict {
        guard Self.isLibraryReady, let handle = curl_easy_init() else {
            return .again("libcurl could not be set up")
        }
        defer { curl_easy_cleanup(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for line in lines { list = curl_slist_append(list, line) ?? list }
        guard setAddress(of: handle), setLimits(of: handle),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, list) == CURLE_OK
        else { return .again("libcurl could not be set up") }
        let code = perform(handle)
        return verdict(code, status: ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, 0))
    }

    private var lines: [String] {
        var lines = fields.map { "\($0.name): \($0.value)" }
        // Without this libcurl waits for a `100 Continue` before it sends a large body.
        lines.append("Expect:")
        // It would say that the body is a form.
        if !fields.contains(where: { $0.name == "content-type" }) { lines.append("Content-Type:") }
        return lines
    }

    private func setAddress(of handle: UnsafeMutableRawPointer) -> Bool {
        var codes = [
            ccurl_set_string(handle, CURLOPT_URL, url.text),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            ccurl_set_string(handle, CURLOPT_USERAGENT, "faas"),
            ccurl_set_opensocket(handle, openSocket, Unmanaged.passUnretained(self).toOpaque()),
        ]
        // A proxy meant for the internet cannot reach this host's loopback. One that is used
        // resolves names itself, and answers for where they lead.
        if url.isLoopback { codes.append(ccurl_set_string(handle, CURLOPT_NOPROXY, "*")) }
        return codes.allSatisfy { $0 == CURLE_OK }
    }

    private func setLimits(of handle: UnsafeMutableRawPointer) -> Bool {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        return [
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connectMillis),
            ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, limits.totalMillis),
            ccurl_set_write(handle, CURLOPT_WRITEFUNCTION, countAnswer),
            ccurl_set_pointer(handle, CURLOPT_WRITEDATA, pointer),
            ccurl_set_write(handle, CURLOPT_HEADERFUNCTION, countAnswer),
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, pointer),
            ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0),
            ccurl_set_progress(handle, goOn),
            ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, pointer),
        ].allSatisfy { $0 == CURLE_OK }
    }

    private func perform(_ handle: UnsafeMutableRawPointer) -> CURLcode {
        // libcurl takes a missing body for one that is read by a call.
        let sent = body.isEmpty ? [0] : body
        return sent.withUnsafeBytes { bytes in
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            _ = ccurl_set_long(handle, CURLOPT_POST, 1)
            _ = ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            _ = ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, start)
            return withExtendedLifetime(self) { curl_easy_perform(handle) }
        }
    }

    /// A status counts however the exchange ended: the receiver has decided, and the rest of its
    /// answer is of no use.
    private func verdict(_ code: CURLcode, status: Int) -> CallbackVerdict {
        if status >= 200 { return CallbackVerdict(status: status) }
        // A name may have several addresses; those that are fine may answer another time.
        if let refusal, !hasOpenedSocket { return .hopeless("it leads to \(refusal)") }
        let reason = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .hopeless(reason)
        default: return .again(reason)
        }
    }
}

// MARK: - What libcurl calls

extension CallbackExchange {
    fileprivate func open(_ target: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        guard let address = NetworkAddress(target) else {
            refusal = "no IP address"
            return CURL_SOCKET_BAD
        }
        if let reason = address.refusal {
            refusal = reason
            return CURL_SOCKET_BAD
        }
        hasOpenedSocket = true
        let target = target.pointee
        // Instances are started meanwhile, and are not to have it.
        let kind = target.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(target.family, kind, target.`protocol`)
    }

    /// Whether more of the answer is wanted.
    fileprivate func take(_ count: Int) -> Bool {
        answerBytes += count
        return answerBytes <= limits.answerBytesMax
    }

    fileprivate var shouldStop: Bool { isStopping() }
}

private func exchange(_ pointer: UnsafeMutableRawPointer?) -> CallbackExchange? {
    pointer.map { Unmanaged<CallbackExchange>.fromOpaque($0).takeUnretainedValue() }
}

private func openSocket(
    pointer: UnsafeMutableRawPointer?,
    purpose: curlsocktype,
    target: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let exchange = exchange(pointer), let target else { return CURL_SOCKET_BAD }
    return exchange.open(target)
}

private func countAnswer(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    let bytes = size * count
    // Any other number than that of the bytes given ends the exchange.
    return exchange(pointer)?.take(bytes) == true ? bytes : bytes + 1
}

private func goOn(
    pointer: UnsafeMutableRawPointer?,
    downloadTotal: curl_off_t,
    downloaded: curl_off_t,
    uploadTotal: curl_off_t,
    uploaded: curl_off_t
) -> Int32 {
    exchange(pointer)?.shouldStop == false ? 0 : 1
}
