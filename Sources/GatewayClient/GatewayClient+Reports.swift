package import Functions
package import GatewayAPI

extension GatewayClient {
    /// The statement that `query` asks for; its format is not looked at.
    package func usage(_ query: UsageQuery) throws(ClientError) -> UsageStatement {
        var query = query
        query.format = .json
        return try get(Routes.usage, parameters: query.parameters, as: UsageStatement.self)
    }

    /// Throws `refused` with the code `invocationNotFound` when no record of it is kept.
    package func invocation(_ id: InvocationID) throws(ClientError) -> InvocationReport {
        try get(Routes.invocation(id), as: InvocationReport.self)
    }

    package func pools() throws(ClientError) -> [PoolReport] {
        try get(Routes.pools, as: PoolList.self).pools
    }

    package func node() throws(ClientError) -> NodeReport {
        try get(Routes.node, as: NodeReport.self)
    }

    /// Whether the gateway lives; says nothing of whether it takes invocations.
    package func health() throws(ClientError) -> Health {
        try get(Routes.liveness, as: Health.self)
    }
}
