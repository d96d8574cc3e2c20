import GatewayAPI
import NIOHTTP1

extension Problem {
    /// What was sent is not HTTP/1.1.
    init(parsing error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self.init(.headersTooLarge, detail: "The request's header fields are over the limit.")
        case .invalidEOFState, .closedConnection:
            self.init(.requestInvalid, detail: "The connection ended in the middle of a request.")
        default:
            self.init(.requestInvalid, detail: "The request is not HTTP/1.1: \(error).")
        }
    }
}
