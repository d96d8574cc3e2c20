import GatewayAPI
import NIOCore
import NIOHTTP1

extension Problem {
    /// What a handler may know of its request does not fit a frame.
    static let metaTooLong = Problem(
        .headersTooLarge,
        detail: "The header fields are over 64 KiB together."
    )

    /// What was sent is not HTTP/1.1.
    init(parsing error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self.init(.headersTooLarge, detail: "The request's header fields are over the limit.")
        case _ where error.isEnd:
            self.init(.requestInvalid, detail: "The connection ended in the middle of a request.")
        default:
            self.init(.requestInvalid, detail: "The request is not HTTP/1.1: \(error).")
        }
    }

    /// The body came in a transfer coding that is not decoded here.
    init(unsupported coding: String) {
        self.init(
            .transferCodingUnsupported,
            detail: "The body's transfer coding is `\(coding)`; `chunked` alone is decoded. What "
                + "is compressed for the handler to decode is sent with Content-Encoding."
        )
    }

    /// The client closed its side of the connection within the body.
    init(cutOff receiving: InvocationHandler.Receiving) {
        let came = receiving.body.readableBytes
        let rest =
            if let announced = receiving.head.headers.first(name: "content-length") {
                "of the body's \(announced) bytes."
            } else {
                "bytes of the body, before its last chunk."
            }
        self.init(.requestInvalid, detail: "The connection ended after \(came) \(rest)")
    }
}

extension HTTPParserError {
    /// The connection ended where HTTP does not allow it.
    var isEnd: Bool { self == .invalidEOFState || self == .closedConnection }
}

extension HTTPRequestHead {
    /// The value of `Transfer-Encoding` where the decoder does not undo all of it.
    var unsupportedCoding: String? {
        let coding = headers[canonicalForm: "transfer-encoding"].joined(separator: ", ")
        return coding.isEmpty || coding.lowercased() == "chunked" ? nil : coding
    }
}
