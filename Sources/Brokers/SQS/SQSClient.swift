import CCurlShim
import FoundationEssentials
package import Triggers

/// Calls of SQS in its JSON protocol, signed by libcurl, one at a time over one kept connection.
package final class SQSClient {
    /// More than ten messages of the largest size.
    private static let answerBytesMax = 16 << 20

    package let place: SQSPlace
    private let handle: UnsafeMutableRawPointer
    private let timeoutMillis: Int
    private var answer: [UInt8] = []
    private var status = 0

    package init(_ place: SQSPlace, timeoutMillis: Int) throws(BrokerError) {
        guard Self.isLibraryReady, let handle = curl_easy_init() else {
            throw BrokerError(.disconnected, "libcurl could not be set up")
        }
        self.place = place
        self.handle = handle
        self.timeoutMillis = timeoutMillis
        setOptions()
    }

    deinit { curl_easy_cleanup(handle) }

    /// libcurl's own set-up, once a process; false when it failed.
    private static let isLibraryReady = ccurl_global_init() == CURLE_OK

    /// Calls `action`; the answer may take `waitMillis` longer than any other request's.
    package func call<Request: Encodable, Answer: Decodable>(
        _ action: String,
        _ request: Request,
        waitMillis: Int = 0
    ) throws(BrokerError) -> Answer {
        let body: [UInt8]
        do { body = Array(try SQSNames.encoder.encode(request)) } catch {
            throw BrokerError(.invalid, "\(place.shown): \(action) could not be encoded")
        }
        let status = try perform(action, body, waitMillis: waitMillis)
        guard status == 200 else { throw SQSFault.error(status, answer, action, place) }
        do {
            // Some calls are answered with nothing.
            let json = answer.isEmpty ? Array("{}".utf8) : answer
            return try SQSNames.decoder.decode(Answer.self, from: Data(json))
        } catch {
            throw BrokerError(
                .disconnected,
                "SQS at \(place.shown) answered \(action) with no JSON"
            )
        }
    }

    private func setOptions() {
        _ = ccurl_set_string(handle, CURLOPT_URL, place.endpoint)
        _ = ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = ccurl_set_string(handle, CURLOPT_USERAGENT, "faas")
        _ = ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(place.region):sqs")
        _ = ccurl_set_string(handle, CURLOPT_USERNAME, place.key)
        _ = ccurl_set_string(handle, CURLOPT_PASSWORD, place.secret)
        _ = ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, timeoutMillis)
        _ = ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_set_write(handle, CURLOPT_WRITEFUNCTION, keepAnswer)
        _ = ccurl_set_pointer(handle, CURLOPT_WRITEDATA, pointer)
        _ = ccurl_set_write(handle, CURLOPT_HEADERFUNCTION, keepStatus)
        _ = ccurl_set_pointer(handle, CURLOPT_HEADERDATA, pointer)
    }

    /// Gives the HTTP status.
    private func perform(
        _ action: String,
        _ body: [UInt8],
        waitMillis: Int
    ) throws(BrokerError) -> Int {
        // No field may be taken out by giving it no value: libcurl signs that too.
        var fields = [
            "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: AmazonSQS.\(action)",
        ]
        if let token = place.sessionToken { fields.append("X-Amz-Security-Token: \(token)") }
        var list: UnsafeMutablePointer<curl_slist>?
        defer {
            _ = ccurl_set_list(handle, CURLOPT_HTTPHEADER, nil)
            curl_slist_free_all(list)
        }
        for field in fields { list = curl_slist_append(list, field) ?? list }
        _ = ccurl_set_list(handle, CURLOPT_HTTPHEADER, list)
        _ = ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, timeoutMillis + waitMillis)
        _ = ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        answer.removeAll(keepingCapacity: true)
        let code = body.withUnsafeBytes { bytes in
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            _ = ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, start)
            return withExtendedLifetime(self) { curl_easy_perform(handle) }
        }
        guard code == CURLE_OK else { throw SQSFault.error(code, place) }
        return status
    }

    fileprivate func keep(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard answer.count + bytes.count <= Self.answerBytesMax else { return false }
        answer.append(contentsOf: bytes)
        return true
    }

    /// `HTTP/1.1 200 OK`; an interim answer's comes before the final one's.
    fileprivate func readStatus(_ line: UnsafeRawBufferPointer) {
        guard line.starts(with: Array("HTTP/".utf8)) else { return }
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count > 1 else { return }
        status = Int(String(decoding: words[1].prefix(3), as: UTF8.self)) ?? 0
    }
}

private func keepAnswer(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let pointer else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    let client = Unmanaged<SQSClient>.fromOpaque(pointer).takeUnretainedValue()
    // Any other number than that of the bytes given ends the exchange.
    return client.keep(bytes) ? bytes.count : bytes.count + 1
}

private func keepStatus(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int,
    count: Int,
    pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let pointer else { return 0 }
    let client = Unmanaged<SQSClient>.fromOpaque(pointer).takeUnretainedValue()
    client.readStatus(UnsafeRawBufferPointer(start: buffer, count: size * count))
    return size * count
}
