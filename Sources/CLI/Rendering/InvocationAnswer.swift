import FoundationEssentials
package import Functions
import GatewayAPI
package import GatewayClient

/// An answer with its circumstances, for programs to read.
package struct InvocationAnswer: Sendable, Encodable {
    package var id: String?
    package var status: Int
    package var startKind: StartKind?
    package var timings: Timings?
    package var contentType: String?
    /// The body, where it is JSON.
    package var json: RawJSON?
    /// The body, where it is other text.
    package var text: String?
    /// The body, where it is neither.
    package var base64: String?
    /// True when the body is only what had come when the answer broke off; nil when it is whole.
    package var brokenOff: Bool?

    /// In microseconds.
    package struct Timings: Sendable, Encodable {
        package var queueMicros: Int64
        package var startMicros: Int64
        /// Nil when the head came before the handler had ended.
        package var runMicros: Int64?
    }

    package init(head: ResponseHead, body: [UInt8], isWhole: Bool = true) {
        brokenOff = isWhole ? nil : true
        id = head.invocationID
        status = head.status
        startKind = head.startKind
        timings = head.timing.map {
            Timings(
                queueMicros: $0.queueMicros,
                startMicros: $0.startMicros,
                runMicros: head.runMicros
            )
        }
        contentType = head["content-type"]
        if contentType?.hasPrefix(MediaType.json) == true,
            let value = try? JSONCoding.decode(RawJSON.self, from: body)
        {
            json = value
        } else if let value = String(validating: body, as: UTF8.self) {
            text = value
        } else {
            base64 = Data(body).base64EncodedString()
        }
    }
}
