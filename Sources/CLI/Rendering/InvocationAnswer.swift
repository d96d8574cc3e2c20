import FoundationEssentials
package import Functions
package import GatewayAPI
package import GatewayClient

/// An answer with its circumstances, for programs to read.
package struct InvocationAnswer: Sendable, Encodable {
    package var id: String?
    package var status: Int
    package var startKind: StartKind?
    package var timings: InvocationTimings?
    package var contentType: String?
    /// The body, where it is JSON.
    package var json: RawJSON?
    /// The body, where it is other text.
    package var text: String?
    /// The body, where it is neither.
    package var base64: String?

    package init(head: ResponseHead, body: [UInt8]) {
        id = head.invocationID
        status = head.status
        startKind = head.startKind
        timings = head.timing.map {
            InvocationTimings(
                queueMicros: $0.queueMicros,
                startMicros: $0.startMicros,
                runMicros: $0.runMicros
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
