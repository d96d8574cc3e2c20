import CCurlShim

extension Transfer {
    /// The longest header field that is kept, in bytes; libcurl's own limit is higher.
    private static var fieldBytesMax: Int { 64 << 10 }

    func setAddress(of handle: UnsafeMutableRawPointer) {
        _ = ccurl_set_string(handle, CURLOPT_URL, configuration.url + request.path)
        _ = ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = ccurl_set_string(handle, CURLOPT_USERAGENT, "faas")
        // A proxy meant for the internet cannot reach this host's loopback.
        if configuration.isLoopback { _ = ccurl_set_string(handle, CURLOPT_NOPROXY, "*") }
        _ = ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    }

    func setBody(of handle: UnsafeMutableRawPointer) {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        if request.body.isPresent {
            _ = ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
            _ = ccurl_set_offset(
                handle,
                CURLOPT_INFILESIZE_LARGE,
                curl_off_t(request.body.count ?? -1)
            )
            _ = ccurl_set_read(handle, readBody)
            _ = ccurl_set_pointer(handle, CURLOPT_READDATA, pointer)
        }
        _ = ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        _ = ccurl_set_write(handle, CURLOPT_WRITEFUNCTION, writeBody)
        _ = ccurl_set_pointer(handle, CURLOPT_WRITEDATA, pointer)
        _ = ccurl_set_write(handle, CURLOPT_HEADERFUNCTION, writeField)
        _ = ccurl_set_pointer(handle, CURLOPT_HEADERDATA, pointer)
    }

    func setLimits(of handle: UnsafeMutableRawPointer) {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_set_long(
            handle,
            CURLOPT_CONNECTTIMEOUT_MS,
            configuration.connectTimeoutMillis
        )
        if let millis = request.timeoutMillis {
            _ = ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, millis)
        }
        if let seconds = request.stallSeconds {
            _ = ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
            _ = ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, seconds)
        }
        _ = ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0)
        _ = ccurl_set_progress(handle, reportProgress)
        _ = ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, pointer)
    }
}

private func transfer(_ pointer: UnsafeMutableRawPointer?) -> Transfer? {
    pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private func readBody(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(pointer) else { return Int(CURL_READFUNC_ABORT) }
    let target = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
    var filled = 0
    let isGood = transfer.keep { () throws(ClientError) in
        filled = try transfer.send(into: target)
    }
    return isGood ? filled : Int(CURL_READFUNC_ABORT)
}

private func writeBody(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(pointer) else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    let isGood = transfer.keep { () throws(ClientError) in try transfer.receive(body: bytes) }
    // Any other number than that of the bytes given ends the exchange.
    return isGood ? bytes.count : bytes.count + 1
}

private func writeField(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(pointer) else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    transfer.receive(line: String(decoding: bytes, as: UTF8.self))
    return bytes.count
}

private func reportProgress(
    pointer: UnsafeMutableRawPointer?,
    downloadTotal: curl_off_t,
    downloaded: curl_off_t,
    uploadTotal: curl_off_t,
    uploaded: curl_off_t
) -> Int32 {
    guard let transfer = transfer(pointer) else { return 1 }
    let progress = UploadProgress(
        sentBytes: Int64(uploaded),
        totalBytes: transfer.request.body.count
    )
    let isGood = transfer.keep { () throws(ClientError) in try transfer.tick(progress) }
    return isGood ? 0 : 1
}
