package import Functions
import GatewayAPI

/// An invocation to send.
package struct InvocationRequest: Sendable {
    package var function: FunctionName
    package var body: RequestBody
    package var contentType: String
    /// Nil leaves it to the function's own timeout.
    package var timeoutMillis: Int?

    package init(
        function: FunctionName,
        body: RequestBody,
        contentType: String = "application/json",
        timeoutMillis: Int? = nil
    ) {
        self.function = function
        self.body = body
        self.contentType = contentType
        self.timeoutMillis = timeoutMillis
    }
}

extension GatewayClient {
    /// Invokes, and gives the answer's body in pieces as they arrive.
    ///
    /// A status that the handler chose is the caller's to judge; a problem+json of the gateway is
    /// thrown as `refused`.
    package func invoke(
        _ invocation: InvocationRequest,
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(ClientError) -> ResponseHead {
        let request = Request(
            method: "POST",
            path: Routes.invoke(invocation.function),
            fields: [("Content-Type", invocation.contentType)],
            body: invocation.body,
            timeoutMillis: invocation.timeoutMillis
        )
        return try answer(request, onBody: onBody).head
    }
}
