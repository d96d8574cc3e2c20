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
        try delete(Routes.function(name))
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
