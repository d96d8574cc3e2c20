import CCurlShim
import Outbound

/// One try at fetching a file, or the rest of it, through libcurl on the calling thread.
final class WebTransfer {
    enum End {
        /// All that the server has of the file is here.
        case whole
        /// Another try may bring the rest; the reason why this one did not.
        case again(String)
        case failed(WeightsError)
    }

    /// Of a refusal's body, which S3 says its reason in.
    private static let refusalBytesMax = 4 << 10
    static let receiveBytes = 256 << 10

    let request: WebRequest
    let partial: PartialFile
    let limits: WeightLimits
    /// A file of certificates to trust in place of the system's.
    let certificates: String?
    let isStopped: () -> Bool
    let progress: (Int64, Int64?) -> Void

    private var head = ResponseHead()
    private var total: Int64?
    /// The body that comes is the file's.
    private var isTaking = false
    private var refusalBody: [UInt8] = []
    /// Decided before the answer's end.
    private var early: End?

    init(
        _ request: WebRequest,
        into partial: PartialFile,
        limits: WeightLimits,
        certificates: String?,
        isStopped: @escaping () -> Bool,
        progress: @escaping (Int64, Int64?) -> Void
    ) {
        self.request = request
        self.partial = partial
        self.limits = limits
        self.certificates = certificates
        self.isStopped = isStopped
        self.progress = progress
    }

    /// Blocks until the transfer has ended.
    func run() -> End {
        let exchange = OutboundExchange(
            to: request.url,
            isLoopback: request.isLoopback,
            connectMillisMax: limits.connectMillisMax,
            takeLine: take(headerLine:),
            takeBody: take(_:),
            isStopping: isStopped
        )
        guard let answer = exchange.run(fields: headerLines, options: setOptions(of:)) else {
            return .failed(
                WeightsError(
                    .fileSystem,
                    "libcurl could not be set up: no memory, or it lacks an option that is needed"
                )
            )
        }
        return end(answer.code, addressRefusal: exchange.refusal)
    }

    private func end(_ code: CURLcode, addressRefusal: String?) -> End {
        if let early { return early }
        if isStopped() { return .failed(.stopping) }
        if code == CURLE_OK { return isTaking ? .whole : statusEnd }
        let reason = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_CONNECT:
            guard let addressRefusal else { return .again(reason) }
            return .failed(
                WeightsError(
                    .sourceRefused,
                    "\(request.shown) leads to \(addressRefusal): nothing is fetched from there"
                )
            )
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_TOO_MANY_REDIRECTS:
            return .failed(
                WeightsError(
                    .sourceRefused,
                    "\(request.shown) redirects more than \(limits.redirectsMax) times, or not to "
                        + "https: name the file's own URL"
                )
            )
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            return .failed(
                WeightsError(
                    .unreachable,
                    "\(request.shown): \(reason): have the gateway's SSL_CERT_FILE name the "
                        + "certificates to trust"
                )
            )
        case CURLE_PARTIAL_FILE:
            let of = total.map { " of \($0)" } ?? ""
            return .again("the connection was cut after \(partial.byteCount)\(of) bytes")
        default:
            return .again(reason)
        }
    }

    /// What an answer means that is not the file.
    private var statusEnd: End {
        switch head.status {
        case 408, 425, 429, 500, 502, 503, 504: return .again("status \(head.status)")
        default: return .failed(request.error(head, body: refusalBody))
        }
    }
}

// MARK: - What libcurl calls

extension WebTransfer {
    /// False ends the transfer.
    func take(headerLine line: UnsafeRawBufferPointer) -> Bool {
        guard head.take(String(decoding: line, as: UTF8.self)) else { return true }
        do throws(WeightsError) {
            try begin()
            return early == nil
        } catch {
            early = .failed(error)
            return false
        }
    }

    /// Decides by the header what becomes of the body.
    private func begin() throws(WeightsError) {
        isTaking = false
        refusalBody = []
        switch head.status {
        case 200:
            // The server has no ranges, or the file was asked for from its beginning.
            if partial.byteCount > 0 { try partial.restart() }
            total = head.contentLength
            isTaking = true
        case 206 where head.rangeStart == partial.byteCount:
            total = head.rangeTotal ?? head.contentLength.map { $0 + partial.byteCount }
            isTaking = true
        case 206:
            try partial.restart()
            early = .again("the server answered with another range")
        case 416 where partial.byteCount > 0:
            if head.rangeTotal == partial.byteCount {
                early = .whole
            } else {
                // The file is another one now, or the server does not say.
                try partial.restart()
                early = .again("the server has no such range")
            }
        default: break
        }
        if isTaking, let total { try partial.expect(total: total) }
    }

    /// False ends the transfer.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard isTaking else {
            refusalBody += bytes.prefix(max(0, Self.refusalBytesMax - refusalBody.count))
            guard refusalBody.count >= Self.refusalBytesMax else { return true }
            // The rest says no more, and its cut is not libcurl's to judge.
            early = early ?? statusEnd
            return false
        }
        do throws(WeightsError) {
            try partial.append(bytes)
            progress(partial.byteCount, total)
            return true
        } catch {
            early = .failed(error)
            return false
        }
    }
}
