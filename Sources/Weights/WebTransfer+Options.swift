import CCurlShim

extension WebTransfer {
    /// What is sent besides libcurl's own fields.
    var headerLines: [String] {
        guard let signature = request.signature else { return [] }
        let token = signature.sessionToken.map { ["X-Amz-Security-Token: \($0)"] } ?? []
        // S3 wants it among the signed fields; a request without body has no payload to sign.
        return ["X-Amz-Content-Sha256: UNSIGNED-PAYLOAD"] + token
    }

    func setOptions(of handle: UnsafeMutableRawPointer) -> [CURLcode] {
        var codes = [
            ccurl_set_long(handle, CURLOPT_PATH_AS_IS, 1),
            ccurl_set_string(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https"),
            // A signature is for one host.
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, request.signature == nil ? 1 : 0),
            ccurl_set_long(handle, CURLOPT_MAXREDIRS, limits.redirectsMax),
            ccurl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, limits.stallBytesPerSecond),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, limits.stallSecondsMax),
            ccurl_set_long(handle, CURLOPT_BUFFERSIZE, Self.receiveBytes),
            ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1),
        ]
        // Not libcurl's own way to go on, which takes a server without ranges for a fault.
        if partial.byteCount > 0 {
            codes.append(ccurl_set_string(handle, CURLOPT_RANGE, "\(partial.byteCount)-"))
        }
        if let certificates {
            codes.append(ccurl_set_string(handle, CURLOPT_CAINFO, certificates))
        }
        return codes + signatureCodes(handle)
    }

    private func signatureCodes(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        guard let signature = request.signature else { return [] }
        return [
            ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):s3"),
            ccurl_set_string(handle, CURLOPT_USERNAME, signature.key),
            ccurl_set_string(handle, CURLOPT_PASSWORD, signature.secret),
        ]
    }
}
