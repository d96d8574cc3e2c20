import Billing
import Functions
import GatewayAPI
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Storage

extension ManagementRoutes {
    func addUsageRoutes(to router: RouterGroup<BasicRequestContext>) {
        router.get("/v1/usage") { request, _ in try await usage(request) }
    }

    private func usage(_ request: Request) async throws -> Response {
        var query = try UsageQuery(parameters: Self.parameters(request))
        if !authorizer.isOpen { query.account = account(request).description }
        let currency = dispatcher.configuration.prices.currency
        var statement = try await ledger.usage(
            LedgerQuery(
                fromMicros: query.from?.micros ?? 0,
                toMicros: query.to?.micros ?? LedgerQuery.lastMicros,
                account: query.account,
                function: query.function
            ),
            by: .init(query.grouping)
        )
        if query.grouping == .commit {
            statement.merge(by: try await deployer.registry.commits())
        }
        let answer = GatewayAPI.UsageStatement(statement, query: query, currency: currency)
        switch query.format {
        case .json: return try Self.json(answer)
        case .csv:
            return Response(
                status: .ok,
                headers: [.contentType: MediaType.csv],
                body: .init(byteBuffer: ByteBuffer(string: answer.csv))
            )
        }
    }
}

extension Billing.UsageStatement.Grouping {
    fileprivate init(_ grouping: UsageQuery.Grouping) {
        switch grouping {
        case .function: self = .function
        case .day: self = .day
        case .account: self = .account
        case .revision, .commit: self = .revision
        }
    }
}

extension Billing.UsageStatement {
    /// Makes of rows of revisions rows of the commits that they came from, in the order of commits.
    fileprivate mutating func merge(by commits: [String: String]) {
        var merged: [String: Row] = [:]
        for row in rows {
            let commit = commits[row.key] ?? "-"
            merged[commit, default: Row(key: commit)].add(row)
        }
        rows = merged.values.sorted { $0.key < $1.key }
    }
}

extension GatewayAPI.UsageStatement {
    fileprivate init(_ statement: Billing.UsageStatement, query: UsageQuery, currency: String) {
        self.init(
            grouping: query.grouping,
            fromMicros: query.from?.micros,
            toMicros: query.to?.micros,
            rows: statement.rows.map(UsageRow.init),
            total: UsageRow(statement.total),
            currency: currency
        )
    }
}

extension UsageRow {
    fileprivate init(_ row: Billing.UsageStatement.Row) {
        self.init(
            key: row.key,
            invocations: row.invocations,
            attempts: row.attempts,
            failures: row.attempts - row.completed,
            billedMillis: row.billedMillis,
            memoryMiBMillis: row.memoryMiBMillis,
            gpuMemoryMiBMillis: row.gpuMemoryMiBMillis,
            bytesIn: row.bytesIn,
            bytesOut: row.bytesOut,
            costNanos: row.costNanos
        )
    }
}
