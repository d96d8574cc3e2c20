import CCurlShim
import Outbound

/// One try at posting an answer, through libcurl on the calling thread.
package struct CallbackExchange {
    private let url: CallbackURL
    private let fields: [(name: String, value: String)]
    private let body: [UInt8]
    private let limits: CallbackLimits
    private let isStopping: () -> Bool

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
        var answerBytes = 0
        let count: OutboundExchange.Taker = { bytes in
            answerBytes += bytes.count
            return answerBytes <= limits.answerBytesMax
        }
        let exchange = OutboundExchange(
            to: url.text,
            isLoopback: url.isLoopback,
            connectMillisMax: limits.connectMillis,
            takeLine: count,
            takeBody: count,
            isStopping: isStopping
        )
        // libcurl takes a missing body for one that is read by a call.
        let end = (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            return exchange.run(fields: lines) { handle in
                [
                    ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
                    ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, limits.totalMillis),
                    ccurl_set_long(handle, CURLOPT_POST, 1),
                    ccurl_set_offset(
                        handle,
                        CURLOPT_POSTFIELDSIZE_LARGE,
                        curl_off_t(body.count)
                    ),
                    ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, start),
                ]
            }
        }
        guard let end else { return .again("libcurl could not be set up") }
        // A name may have several addresses; those that are fine may answer another time.
        let refusal = exchange.hasOpenedSocket ? nil : exchange.refusal
        return verdict(end.code, status: end.status, refusal: refusal)
    }

    private var lines: [String] {
        var lines = fields.map { "\($0.name): \($0.value)" }
        // Without this libcurl waits for a `100 Continue` before it sends a large body.
        lines.append("Expect:")
        // It would say that the body is a form.
        if !fields.contains(where: { $0.name == "content-type" }) { lines.append("Content-Type:") }
        return lines
    }

    /// A status counts however the exchange ended: the receiver has decided, and the rest of its
    /// answer is of no use.
    private func verdict(_ code: CURLcode, status: Int, refusal: String?) -> CallbackVerdict {
        if status >= 200 { return CallbackVerdict(status: status) }
        if let refusal { return .hopeless("it leads to \(refusal)") }
        let reason = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .hopeless(reason)
        default: return .again(reason)
        }
    }
}
