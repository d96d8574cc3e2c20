import Functions
import GatewayAPI
import GatewayServer
import GitServer
import Logging
import NIOCore
import NIOPosix
import Storage

extension GatewayProcess {
    /// Nil where there is no git on this host.
    static func gitRoutes(
        _ settings: GatewaySettings,
        authorizer: Authorizer,
        ownKeys: OwnKeys,
        registry: Registry,
        group: any EventLoopGroup,
        threads: NIOThreadPool,
        processThreads: NIOThreadPool,
        logger: Logger
    ) throws -> GitRoutes? {
        let host: GitHost
        do { host = try GitHost(dataFolder: settings.dataFolder) } catch {
            logger.warning("pushes are not served", metadata: ["reason": "\(error)"])
            return nil
        }
        let routes = GitRoutes(
            host: host,
            access: GitAccess(
                isOpen: authorizer.isOpen,
                account: { authorizer.account(authorization: "Bearer \($0)").map(Account.init) },
                ownKey: { ownKeys.key(for: $0.description) }
            ),
            group: group,
            threads: threads,
            processThreads: processThreads,
            logger: logger,
            branches: { repository, account in
                let commits = try await registry.servedCommits(of: repository, account: account)
                return commits.map { served in
                    RepositoryReport.Branch(
                        name: served.branch,
                        commit: served.commit ?? "",
                        deployedAtMicros: served.atMicros
                    )
                }
            },
            forget: { repository, account in
                try await registry.forgetServedCommits(of: repository, account: account)
            }
        )
        try routes.prepare()
        return routes
    }
}
