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
        guard try await !deployer.isHere({ [layers = deployer.layers] in layers.exists(digest) })
        else {
            return await say(.requirements, "\(requirements.lines.count) requirements, cached")
        }
        try await install(
            LayerOrder(digest: digest, lines: requirements.lines, flags: requirements.flags)
        )
        await say(.requirements, "installed")
    }

    private func install(_ order: LayerOrder) async throws {
        let (steps, pump) = AsyncStream.makeStream(
            of: LayerProgress.self,
            bufferingPolicy: .bufferingNewest(64)
        )
        let teller = Task {
            for await step in steps { await tell(step, of: order) }
        }
        defer { teller.cancel() }
        let layers = deployer.layers
        let result = await endingEarly { () throws(InstanceError) in
            try await layers.build(order) { pump.yield($0) }
        }
        pump.finish()
        do throws(InstanceError) { try result.get() } catch {
            guard error.code != .closed else { throw stop.isStopped ? Self.givenUp : Self.ended }
            throw Problem(
                .requirementsFailed,
                detail: error.message + (error.log.map { "\n" + $0.suffix(4000) } ?? "")
            )
        }
        await teller.value
    }

    /// Cancels the work when the deploy is given up, or nobody hears of it any more.
    private func endingEarly<Value: Sendable, Failure>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async -> Result<Value, Failure> {
        let task = Task { () -> Result<Value, Failure> in
            do throws(Failure) { return .success(try await work()) } catch {
                return .failure(error)
            }
        }
        stop.waits { task.cancel() }
        defer { stop.waits(nil) }
        return await task.value
    }

    private func tell(_ step: LayerProgress, of order: LayerOrder) async {
        switch step {
        case .waiting(let running):
            await say(.requirements, "waiting: \(running) other installs are under way")
        case .began:
            await say(.requirements, "installing \(order.lines.count) requirements")
        case .line(let line): await say(.requirements, "installing", detail: line)
        }
    }

    /// Where the client has gone nobody reads it.
    private static let ended = Problem(
        .draining,
        detail: "The gateway is stopping: the requirements were not installed."
    )

    func fetch(_ model: Manifest.ModelFile) async throws {
        let weights = deployer.weights
        guard try await !deployer.isHere({ weights.exists(model.sha256) }) else {
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
        let result = await endingEarly { () throws(WeightsError) in
            try await weights.fetched(model) { bytes, total in
                let of = total.map { " of \($0 >> 20)" } ?? ""
                pump.yield("\(bytes >> 20)\(of) MiB")
            }
        }
        pump.finish()
        do throws(WeightsError) { _ = try result.get() } catch {
            guard error.code != .stopped || !stop.isStopped else { throw Self.givenUp }
            let code = error.code == .stopped ? ProblemCode.draining : .weightsFailed
            throw Problem(code, detail: error.message)
        }
        await teller.value
        await say(.weights, "\(model.fileName) is here, and is what its digest says")
    }
}
