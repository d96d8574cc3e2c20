import CCurlShim

/// Turns libcurl's codes into words.
enum TransferFault {
    static func error(_ code: CURLcode, of transfer: Transfer) -> ClientError {
        let url = transfer.configuration.url
        let reason = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_CONNECT:
            return ClientError(
                .unreachable,
                "gateway not reachable at \(url)",
                advice: transfer.configuration.isLoopback
                    ? "start it with `gateway/run`, or set FAAS_URL to where it listens"
                    : "check that it runs there and that FAAS_URL is right"
            )
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_URL_MALFORMAT,
            CURLE_UNSUPPORTED_PROTOCOL:
            return ClientError(
                .unreachable,
                "\(url): \(reason.lowercased())",
                advice: "check FAAS_URL"
            )
        case CURLE_OPERATION_TIMEDOUT:
            return ClientError(
                .timedOut,
                "the gateway at \(url) did not answer in time",
                advice: "`faas doctor` says how it is"
            )
        case CURLE_ABORTED_BY_CALLBACK:
            return ClientError(.cancelled, "stopped")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION:
            return ClientError(
                .unreachable,
                "\(url): \(reason.lowercased())",
                advice: "check the certificate, or use http:// where there is none"
            )
        case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING:
            return ClientError(
                .connectionLost,
                "the connection to the gateway ended before its answer did",
                advice: "`faas doctor` says how the gateway is"
            )
        default:
            return ClientError(
                .answerInvalid,
                "\(url): \(reason.lowercased())",
                advice: "check FAAS_URL"
            )
        }
    }
}
