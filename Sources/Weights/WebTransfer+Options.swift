import CCurlShim

extension WebTransfer {
    /// What is sent besides libcurl's own fields.
    var headerLines: [String] {
        guard let signature = request.signature else { return [] }
        let token = signature.sessionToken.map { ["X-Amz-Security-Token: \($0)"] } ?? []
        // S3 wants it among the signed fields; a request without body has no payload to sign.
        return ["X-Amz-Content-Sha256: UNSIGNED-PAYLOAD"] + token
    }

    func setHeader(
        _ list: UnsafeMutablePointer<curl_slist>?,
        of handle: UnsafeMutableRawPointer
    ) -> Bool {
        ccurl_set_list(handle, CURLOPT_HTTPHEADER, list) == CURLE_OK
    }

    func setOptions(of handle: UnsafeMutableRawPointer) -> Bool {
        let codes = addressCodes(handle) + limitCodes(handle) + callbackCodes(handle)
        return (codes + signatureCodes(handle)).allSatisfy { $0 == CURLE_OK }
    }

    private func addressCodes(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        var codes = [
            ccurl_set_string(handle, CURLOPT_URL, request.url),
            ccurl_set_long(handle, CURLOPT_PATH_AS_IS, 1),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_string(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https"),
            // A signature is for one host.
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, request.signature == nil ? 1 : 0),
            ccurl_set_long(handle, CURLOPT_MAXREDIRS, limits.redirectsMax),
            ccurl_set_string(handle, CURLOPT_USERAGENT, "faas"),
            ccurl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            ccurl_set_opensocket(handle, openSocket, pointer),
        ]
        // Not libcurl's own way to go on, which takes a server without ranges for a fault.
        if partial.byteCount > 0 {
            codes.append(ccurl_set_string(handle, CURLOPT_RANGE, "\(partial.byteCount)-"))
        }
        // A proxy meant for the internet cannot reach this host's loopback. One that is used
        // resolves names itself, and answers for where they lead.
        if request.isLoopback { codes.append(ccurl_set_string(handle, CURLOPT_NOPROXY, "*")) }
        if let certificates {
            codes.append(ccurl_set_string(handle, CURLOPT_CAINFO, certificates))
        }
        return codes
    }

    private func limitCodes(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        [
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connectMillisMax),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, limits.stallBytesPerSecond),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, limits.stallSecondsMax),
            ccurl_set_long(handle, CURLOPT_BUFFERSIZE, Self.receiveBytes),
            ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1),
        ]
    }

    private func callbackCodes(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        [
            ccurl_set_write(handle, CURLOPT_WRITEFUNCTION, takeBody),
            ccurl_set_pointer(handle, CURLOPT_WRITEDATA, pointer),
            ccurl_set_write(handle, CURLOPT_HEADERFUNCTION, takeHeader),
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, pointer),
            ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0),
            ccurl_set_progress(handle, goOn),
            ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, pointer),
        ]
    }

    private func signatureCodes(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        guard let signature = request.signature else { return [] }
        return [
            ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):s3"),
            ccurl_set_string(handle, CURLOPT_USERNAME, signature.key),
            ccurl_set_string(handle, CURLOPT_PASSWORD, signature.secret),
        ]
    }

    private var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
}

private func transfer(_ pointer: UnsafeMutableRawPointer?) -> WebTransfer? {
    pointer.map { Unmanaged<WebTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private func openSocket(
    pointer: UnsafeMutableRawPointer?,
    purpose: curlsocktype,
    address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let address else { return CURL_SOCKET_BAD }
    return transfer(pointer)?.open(address) ?? CURL_SOCKET_BAD
}

private func takeBody(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    // Any other number than that of the bytes given ends the transfer.
    return transfer(pointer)?.take(bytes) == true ? bytes.count : bytes.count + 1
}

private func takeHeader(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    let line = UnsafeRawBufferPointer(start: buffer, count: size * count)
    return transfer(pointer)?.take(headerLine: line) == true ? line.count : line.count + 1
}

private func goOn(
    pointer: UnsafeMutableRawPointer?,
    downloadTotal: curl_off_t,
    downloaded: curl_off_t,
    uploadTotal: curl_off_t,
    uploaded: curl_off_t
) -> Int32 {
    transfer(pointer)?.isStopped() == false ? 0 : 1
}
