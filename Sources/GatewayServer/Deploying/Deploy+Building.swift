import Functions
import GatewayAPI
import Instances
import Packaging
import Weights

/// What a revision needs besides its bundle.
extension Deploy {
    func installRequirements(_ folder: FunctionFolder) async throws {
        guard let requirements = folder.requirements, !requirements.lines.isEmpty else { return }
        let digest = deployer.setting.layerDigest(requirements)
        guard !deployer.layers.exists(digest) else {
            return await say(.requirements, "\(requirements.lines.count) requirements, cached")
        }
        await say(.requirements, "installing \(requirements.lines.count) requirements")
        let (lines, pump) = AsyncStream.makeStream(
            of: String.self,
            bufferingPolicy: .bufferingNewest(64)
        )
        let teller = Task {
            for await line in lines { await say(.requirements, "installing", detail: line) }
        }
        defer { teller.cancel() }
        do throws(InstanceError) {
            try await deployer.layers.build(
                LayerOrder(digest: digest, lines: requirements.lines, flags: requirements.flags)
            ) { pump.yield($0) }
        } catch {
            pump.finish()
            throw Problem(
                .requirementsFailed,
                detail: error.message + (error.log.map { "\n" + $0.suffix(4000) } ?? "")
            )
        }
        pump.finish()
        await teller.value
        await say(.requirements, "installed")
    }

    func fetch(_ model: Manifest.ModelFile) async throws {
        guard !deployer.weights.exists(model.sha256) else {
            return await say(.weights, "\(model.fileName) is here already")
        }
        await say(.weights, "fetching \(model.fileName)")
        let (amounts, pump) = AsyncStream.makeStream(
            of: String.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let teller = Task {
            for await amount in amounts { await say(.weights, "fetching", detail: amount) }
        }
        defer { teller.cancel() }
        do throws(WeightsError) {
            _ = try await deployer.weights.fetched(model) { bytes, total in
                let of = total.map { " of \($0 >> 20)" } ?? ""
                pump.yield("\(bytes >> 20)\(of) MiB")
            }
        } catch {
            pump.finish()
            throw Problem(.weightsFailed, detail: error.message)
        }
        pump.finish()
        await teller.value
        await say(.weights, "\(model.fileName) is here, and is what its digest says")
    }
}
