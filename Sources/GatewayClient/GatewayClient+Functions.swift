package import Functions
package import GatewayAPI

extension GatewayClient {
    /// What is deployed, by name.
    package func functions() throws(ClientError) -> [FunctionSummary] {
        try get(Routes.functions, as: FunctionList.self).functions
    }

    /// Throws `refused` with the code `functionNotFound` when there is none.
    package func describe(_ name: FunctionName) throws(ClientError) -> FunctionDescription {
        try get(Routes.function(name), as: FunctionDescription.self)
    }

    /// Takes the function out of service; its usage records stay.
    package func remove(_ name: FunctionName) throws(ClientError) {
        try collect(
            Request(
                method: "DELETE",
                path: Routes.function(name),
                timeoutMillis: configuration.requestTimeoutMillis
            )
        )
    }

    /// Sends a bundle and follows its way to serving.
    ///
    /// `onEvent` hears each event, the last one too; `onTick` hears about once a second.
    /// Returns the event `done`, and throws `refused` for `failed`.
    package func deploy(
        _ name: FunctionName,
        bundle: RequestBody,
        onTick: @escaping (UploadProgress) -> Void = { _ in },
        onEvent: (DeployEvent) -> Void
    ) throws(ClientError) -> DeployEvent {
        let request = Request(
            method: "PUT",
            path: Routes.function(name),
            fields: [("Content-Type", MediaType.bundle)],
            body: bundle,
            stallSeconds: configuration.deployStallSeconds
        )
        var last: DeployEvent?
        try lines(request, tick: onTick) { (line) throws(ClientError) in
            let event = try decode(DeployEvent.self, line)
            last = event
            onEvent(event)
        }
        switch last?.step {
        case .done: if let last { return last }
        case .failed:
            throw ClientError(
                problem: last?.problem ?? Problem(.internal, detail: last?.message)
            )
        default: break
        }
        throw ClientError(
            .connectionLost,
            "the gateway ended the deploy without saying how it went",
            advice: "`faas describe \(name)` shows what serves; then deploy again"
        )
    }

    /// Gives each log line; with `query.follow` it goes on until it is cancelled.
    package func logs(
        of name: FunctionName,
        query: LogQuery,
        each: (LogLine) -> Void
    ) throws(ClientError) {
        let request = Request(
            method: "GET",
            path: Request.path(Routes.logs(of: name), parameters: query.parameters),
            timeoutMillis: query.follow ? nil : configuration.requestTimeoutMillis
        )
        try lines(request) { (line) throws(ClientError) in each(try decode(LogLine.self, line)) }
    }
}
