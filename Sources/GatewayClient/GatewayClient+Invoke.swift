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
        var problem: [UInt8] = []
        var isProblem = false
        let head = try run(
            request,
            head: { isProblem = $0.isProblem && !$0.isSuccess },
            tick: { _ in },
            body: { (bytes) throws(ClientError) in
                if !isProblem {
                    onBody(bytes)
                } else if problem.count < Self.problemBytesMax {
                    problem.append(contentsOf: bytes)
                }
            }
        )
        guard !isProblem else { throw refused(head, problem) }
        return head
    }
}
