package import Functions
import GatewayAPI

/// An invocation to send.
package struct InvocationRequest: Sendable {
    package var function: FunctionName
    package var body: RequestBody
    package var contentType: String
    /// Nil leaves it to the function's own timeout.
    package var timeoutMillis: Int?
    /// Header fields beside the content type.
    package var fields: [(name: String, value: String)]

    package init(
        function: FunctionName,
        body: RequestBody,
        contentType: String = "application/json",
        timeoutMillis: Int? = nil,
        fields: [(name: String, value: String)] = []
    ) {
        self.function = function
        self.body = body
        self.contentType = contentType
        self.timeoutMillis = timeoutMillis
        self.fields = fields
    }

    var allFields: [(name: String, value: String)] {
        [(name: "Content-Type", value: contentType)] + fields
    }
}

extension GatewayClient {
    /// Invokes, and gives the answer's body in pieces as they arrive.
    ///
    /// A status that the handler chose is the caller's to judge; a problem+json of the gateway is
    /// thrown as `refused`. An answer that breaks off is thrown with its head.
    package func invoke(
        _ invocation: InvocationRequest,
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(ClientError) -> ResponseHead {
        let request = Request(
            method: "POST",
            path: Routes.invoke(invocation.function),
            fields: invocation.allFields,
            body: invocation.body,
            timeoutMillis: invocation.timeoutMillis
        )
        do { return try answer(request, onBody: onBody).head } catch { throw brokenOff(error) }
    }

    /// Once the head has come, the gateway was there, and it knows more.
    private func brokenOff(_ error: ClientError) -> ClientError {
        guard let id = error.head?.invocationID else { return error }
        var error = error
        switch error.code {
        case .connectionLost:
            error.message = "the answer broke off: the function failed, or the gateway went away"
        case .timedOut: error.message = "the answer did not end in time"
        default: return error
        }
        error.invocationID = id
        error.advice = "`faas why \(id)` says more"
        return error
    }
}
