import FoundationEssentials
import Functions
import Instances
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import Packaging
import Weights

/// What revisions share, layers and weights, outlives each of them, and goes once none needs it.
extension Deployer {
    /// Removes from time to time what nothing needs, until the task is cancelled.
    package func cleanUp() async {
        while (try? await Task.sleep(for: .milliseconds(setting.cleanupMillis))) != nil {
            await sweep()
            do { try await removeShared() } catch {
                logger.error("what is unused stays", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Whether a layer or a file of weights is there; if so it stays for the bundle that asks,
    /// which lies in its folder already.
    func isHere(_ exists: @escaping @Sendable () -> Bool) async throws -> Bool {
        try await threads.runIfActive { [shared] in shared.withLock { exists() } }
    }

    private func removeShared() async throws {
        let work: @Sendable () throws -> Void = { [setting, shared, layers, weights] in
            try shared.withLock {
                let folders = try Self.bundles(in: setting.bundlesFolder)
                let requirements = folders.compactMap(\.requirements)
                layers.removeAll(except: Set(requirements.map { setting.layerDigest($0) }))
                weights.removeAll(except: Set(folders.compactMap(\.manifest.model?.sha256)))
            }
            weights.removeLeftovers()
        }
        try await threads.runIfActive(work)
    }

    /// Those of deploys under way too; what is damaged can't be served, and needs nothing.
    private static func bundles(in folder: String) throws -> [FunctionFolder] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { !$0.hasPrefix(Bundle.unpackingPrefix) }
            .compactMap { try? FunctionFolder("\(folder)/\($0)") }
    }
}
