package import Functions
package import GatewayAPI

/// What the route of a result says.
package enum ResultAnswer: Sendable {
    /// The invocation has ended, and this is the head of its answer.
    case ended(ResponseHead)
    /// It has not, after all that was waited.
    case pending(InvocationReport)
}

extension GatewayClient {
    /// Hands an invocation over to be run later; it is durable when this returns.
    ///
    /// `callbackURL` is where the gateway posts the result.
    package func invokeAsync(
        _ invocation: InvocationRequest,
        callbackURL: String? = nil
    ) throws(ClientError) -> CallReceipt {
        var fields = invocation.allFields
        if let callbackURL { fields.append((HeaderName.callbackURL, callbackURL)) }
        let request = Request(
            method: "POST",
            path: Routes.invokeAsync(invocation.function),
            fields: fields,
            body: invocation.body,
            timeoutMillis: invocation.timeoutMillis
        )
        return try decode(CallReceipt.self, try collect(request))
    }

    /// Gives the body of a kept result in pieces, once there is one or `waitMillis` are over.
    ///
    /// Asks again as often as it takes, as one request waits `WaitQuery.waitMillisMax` at most. A
    /// problem+json of the gateway is thrown as `refused`: `resultNotFound`, or how the invocation
    /// failed.
    package func result(
        of id: InvocationID,
        waitMillis: Int64 = 0,
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(ClientError) -> ResultAnswer {
        var rest = waitMillis
        while true {
            let wait = min(rest, WaitQuery.waitMillisMax)
            rest -= wait
            let request = Request(
                method: "GET",
                path: Request.path(
                    Routes.result(id),
                    parameters: WaitQuery(waitMillis: wait).parameters
                ),
                timeoutMillis: configuration.requestTimeoutMillis + Int(wait)
            )
            let answer = try self.answer(request, holding: Self.isPending, onBody: onBody)
            guard Self.isPending(answer.head) else { return .ended(answer.head) }
            let report = try decode(InvocationReport.self, answer.held)
            guard rest > 0 else { return .pending(report) }
        }
    }

    /// What is deployed to run at instants, by function and name.
    package func schedules() throws(ClientError) -> [ScheduleReport] {
        try get(Routes.schedules, as: ScheduleList.self).schedules
    }

    /// A handler may choose the status 202 too, but its answer names the invocation.
    private static func isPending(_ head: ResponseHead) -> Bool {
        head.status == 202 && head.invocationID == nil
    }
}
