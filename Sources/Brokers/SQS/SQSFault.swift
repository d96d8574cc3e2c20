import CCurlShim
import FoundationEssentials
import Triggers

/// Turns SQS's errors and libcurl's codes into what to do.
enum SQSFault {
    /// An error's body.
    private struct Answer: Decodable {
        var kind: String?
        var message: String?

        enum CodingKeys: String, CodingKey {
            case kind = "__type"
            case message
            case capitalMessage = "Message"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            kind = try container.decodeIfPresent(String.self, forKey: .kind)
            message =
                try container.decodeIfPresent(String.self, forKey: .message)
                ?? container.decodeIfPresent(String.self, forKey: .capitalMessage)
        }
    }

    private static let keyFaults = [
        "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
        "InvalidSecurity", "MissingAuthenticationToken", "InvalidAccessKeyId", "ExpiredToken",
        "InvalidSignatureException", "IncompleteSignature", "AuthFailure", "RequestExpired",
        "NotAuthorized",
    ]

    static func error(
        _ status: Int,
        _ body: [UInt8],
        _ action: String,
        _ place: SQSPlace
    ) -> BrokerError {
        let answer = try? JSONDecoder().decode(Answer.self, from: Data(body))
        let kind = answer?.kind ?? String(decoding: body.prefix(1_000), as: UTF8.self)
        let said = [kind.split(separator: "#").last.map(String.init), answer?.message]
            .compactMap { $0 }.joined(separator: ": ")
        let quoted = BrokerError.quote(said, without: place.secret)
        let text = "SQS at \(place.shown) answered \(action) with \(status) (\(quoted))"
        if kind.contains("QueueDoesNotExist") || kind.contains("NonExistentQueue") {
            return BrokerError(
                .invalid,
                "SQS has no queue \(place.shown): make it first, or correct the URL and the region"
            )
        }
        if keyFaults.contains(where: kind.contains) {
            return BrokerError(
                .unauthorized,
                "\(text): correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the gateway's "
                    + "environment"
            )
        }
        if kind.contains("AccessDenied") {
            return BrokerError(
                .unauthorized,
                "\(text): these keys need sqs:GetQueueAttributes, sqs:ReceiveMessage, "
                    + "sqs:DeleteMessage and sqs:ChangeMessageVisibility"
            )
        }
        let isPassing = status >= 500 || status == 429 || kind.contains("Throttl")
        return BrokerError(isPassing || kind.contains("OverLimit") ? .disconnected : .invalid, text)
    }

    static func error(_ code: CURLcode, _ place: SQSPlace) -> BrokerError {
        let reason = String(cString: curl_easy_strerror(code)).lowercased()
        return switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_URL_MALFORMAT,
            CURLE_UNSUPPORTED_PROTOCOL:
            BrokerError(.invalid, "SQS at \(place.shown): \(reason)")
        default:
            BrokerError(.disconnected, "SQS at \(place.shown) is not reachable: \(reason)")
        }
    }
}
