import CLinux
package import Functions
import GatewayAPI
import GitDeploys
import Glibc
import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix

extension GitRoutes {
    /// Removes what a crash left half made, before anything is served.
    ///
    /// Blocks.
    package func prepare() throws { try store.prepare() }

    /// The gateway serves at `address` now: the hooks are told, and what was pushed and is not
    /// served, because the gateway ended in between, is deployed.
    package func began(at address: SocketAddress?) async {
        let url = Self.url(address)
        self.url.withLockedValue { $0 = url }
        if !store.host.hasClient {
            logger.error(
                "pushes will be refused: there is no faas beside the gateway",
                metadata: ["path": "\(store.host.client)"]
            )
        }
        do {
            let names = try await blocking { [store, logger] in
                let names = try store.names()
                for name in names {
                    do {
                        if let owned = try store.find(name) { try store.refresh(owned, url: url) }
                    } catch {
                        logger.error(
                            "a repository's hooks could not be made",
                            metadata: ["repository": "\(name)", "error": "\(error)"]
                        )
                    }
                }
                return names
            }
            await syncStale(names)
        } catch {
            logger.error("the repositories cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// Deploys, one repository after the other, what branches say and is not served.
    package func syncStale(_ names: [FunctionName]) async {
        for name in names where !Task.isCancelled {
            let isFirst = synchronizing.withLockedValue { $0.insert(name).inserted }
            guard isFirst else { continue }
            defer { synchronizing.withLockedValue { _ = $0.remove(name) } }
            do {
                guard let owned = try await blocking({ try store.find(name) }) else { continue }
                // Only these: of the others something else may serve by hand, as after a rollback.
                for branch in try await staleBranches(owned) where !Task.isCancelled {
                    try await sync(owned, branch)
                }
            } catch {
                logger.error(
                    "what was pushed could not be deployed",
                    metadata: ["repository": "\(name)", "error": "\(error)"]
                )
            }
        }
    }

    /// The branches that are at another commit than the one that is served of them, and those that
    /// are gone; not those that are not deployed.
    private func staleBranches(_ owned: RepositoryStore.Owned) async throws -> [String] {
        let served = Dictionary(
            try await branches(owned.name.description, pusher(owned.account))
                .filter { !$0.commit.isEmpty }.map { ($0.name, $0.commit) }
        ) { first, _ in first }
        return try await blocking {
            let tips = try owned.repository.branches()
            let moved = tips.filter { served[$0.name] != $0.commit.description }
                // One whose settings can't be read is deployed, which says why.
                .filter { (try? owned.repository.ignores($0.name, at: $0.commit)) != true }
            let gone = Set(served.keys).subtracting(tips.map(\.name))
            return (moved.map(\.name) + gone).sorted()
        }
    }

    /// Runs `faas git sync` for a branch to its end.
    private func sync(_ owned: RepositoryStore.Owned, _ branch: String) async throws {
        let path = owned.repository.folder
        logger.info(
            "deploying what was pushed",
            metadata: ["repository": "\(owned.name)", "branch": "\(branch)"]
        )
        var variables = store.host.environment
        variables["REMOTE_USER"] = "gateway"
        variables["FAAS_TOKEN"] = access.ownKey(owned.account)
        let process = try SyncProcess(
            program: store.host.client,
            arguments: ["git", "sync", path, "--branch=\(branch)"],
            environment: variables
        )
        let status = await process.end(millisMax: GitServerLimits.syncMillisMax)
        let said = process.lines()
        logger.log(
            level: status == 0 ? .info : .error,
            "what was pushed was deployed, or not",
            metadata: [
                "repository": "\(owned.name)", "branch": "\(branch)", "status": "\(status)",
                "said": "\(said.suffix(20).joined(separator: "\n"))",
            ]
        )
    }

    /// A gateway that listens on every address is reached by the loopback's too.
    private static func url(_ address: SocketAddress?) -> String {
        let port = address?.port ?? 8080
        return switch address?.ipAddress {
        case nil, "0.0.0.0", "::": "http://127.0.0.1:\(port)"
        case let host? where host.contains(":"): "http://[\(host)]:\(port)"
        case let host?: "http://\(host):\(port)"
        }
    }
}
