import Functions
import GatewayAPI
import Glibc
import Instances
import Logging
import NIOCore
import NIOPosix
import Packaging
import Pooling
import RuntimeProtocol
import Scheduling
import Storage
import Weights

/// One deploy, step by step.
struct Deploy: Sendable {
    let deployer: Deployer
    let name: FunctionName
    let archive: String
    let account: Account
    /// Where it comes from.
    var origin = Origin()
    /// The push that it is part of.
    var push: String?
    /// Held until it serves or is given up.
    let locks: Set<String>
    let progress: Deployer.Progress
    private let beganAt = Clock.monotonicNanos()

    init(
        deployer: Deployer,
        name: FunctionName,
        archive: String,
        account: Account,
        locks: Set<String>,
        progress: @escaping Deployer.Progress
    ) {
        self.deployer = deployer
        self.name = name
        self.archive = archive
        self.account = account
        self.locks = locks
        self.progress = progress
    }

    /// What a bundle turned out to be, before anything was built from it.
    enum Opened {
        /// It serves already.
        case unchanged(Route)
        case new(FunctionFolder, digest: String)
    }

    /// Unpacks the bundle and checks its manifest.
    ///
    /// - Throws: `Problem`, `PackagingError`: the bundle is at fault and nothing of it is left.
    func open(digest: String) async throws -> Opened {
        await say(.received, "bundle \(digest.prefix(12))")
        let last = dispatcher.split(name.description)?.routes.first
        if let last, last.revision.digest == digest { return .unchanged(last) }
        return .new(try await unpack(digest), digest: digest)
    }

    /// Does the rest; the last event is `done`, `prepared` or `failed`.
    func run(_ opened: Opened) async {
        do {
            switch opened {
            case .unchanged(let route): await unchanged(route)
            case .new(let folder, let digest):
                let prepared = try await prepare(folder, digest: digest)
                if let push { return try await hold(prepared, for: push) }
                try await serve(prepared)
            }
            if let push { _ = deployer.pushes.end(push, nil) }
            deployer.locks.unlock(locks)
        } catch {
            if let push { _ = deployer.pushes.end(push, nil) }
            deployer.locks.unlock(locks)
            await deployer.sweep()
            await progress(.failed(Self.problem(error), elapsedMillis))
        }
    }

    /// Keeps it ready until the push is applied or given up.
    private func hold(_ prepared: Prepared, for push: String) async throws {
        guard deployer.pushes.end(push, prepared) else {
            await deployer.scheduler.retire(prepared.pool, rejectingWaiting: true)
            throw Problem(.pushNotFound, detail: "The push was given up meanwhile.")
        }
        await progress(
            DeployEvent(
                step: .prepared,
                message: "\(prepared.revision.id) is ready",
                elapsedMillis: elapsedMillis,
                function: FunctionDescription(prepared)
            )
        )
    }

    private func serve(_ prepared: Prepared) async throws {
        do { try await deployer.release([prepared]) } catch {
            await deployer.scheduler.retire(prepared.pool, rejectingWaiting: true)
            throw error
        }
        guard let split = dispatcher.split(name.description) else { return }
        let share = split.traffic.parts.first { $0.number == prepared.revision.number }?.share
        let taken = share == .all ? "takes traffic" : "takes \(share ?? .none) of the traffic"
        await say(.serving, "\(prepared.revision.id) \(taken)")
        await progress(
            DeployEvent(
                step: .done,
                message: share == .all
                    ? "\(prepared.revision.id) serves" : "\(prepared.revision.id) \(taken)",
                elapsedMillis: elapsedMillis,
                function: deployer.description(
                    of: name,
                    number: prepared.revision.number,
                    report: prepared.report
                )
            )
        )
        deployer.logger.info(
            "function deployed",
            metadata: ["revision": "\(prepared.revision.id)", "millis": "\(elapsedMillis)"]
        )
    }

    private static func problem(_ error: any Error) -> Problem {
        switch error {
        case let error as Problem: error
        case let error as PackagingError: Problem(error)
        case let error as InstanceError: Problem(start: error)
        default: Problem(.internal, detail: "\(error)")
        }
    }

    private func unpack(_ digest: String) async throws -> FunctionFolder {
        let place = "\(deployer.setting.bundlesFolder)/\(digest)"
        let isNew = access(place, F_OK) != 0
        let (archive, name) = (archive, name)
        let folder = try await blocking {
            if isNew { _ = try Bundle.unpack(file: archive, into: place) }
            do {
                let folder = try FunctionFolder(place)
                try Self.refuseUnsupported(folder.manifest)
                guard folder.manifest.name == name.base else {
                    throw Problem(
                        .manifestInvalid,
                        detail: "function.yaml says `name: \(folder.manifest.name)`, "
                            + "and the request is for \(name)."
                    )
                }
                return folder
            } catch {
                if isNew { try? Bundle.remove(folder: place) }
                throw error
            }
        }
        await say(.manifest, folder.notes.first ?? "function.yaml is valid")
        return folder
    }

    private func prepare(_ folder: FunctionFolder, digest: String) async throws -> Prepared {
        let manifest = name.isPreview ? folder.manifest.forPreview : folder.manifest
        try await deployer.triggers.check(manifest, of: name, for: account)
        try await installRequirements(folder)
        if let model = manifest.model { try await fetch(model) }
        let number = try await deployer.registry.reserveNumber(
            for: name,
            account: account,
            atMicros: Clock.wallMicros()
        )
        let revision = Revision(
            function: name,
            number: number,
            digest: digest,
            manifest: manifest,
            account: account,
            deployedAtMicros: Clock.wallMicros()
        )
        let (pool, report) = try await tryOut(revision, folder)
        return Prepared(
            revision: revision,
            pool: pool,
            report: report,
            origin: origin,
            locks: locks
        )
    }

    /// With instances forked from a zygote where they survive that.
    private func tryOut(
        _ revision: Revision,
        _ folder: FunctionFolder
    ) async throws -> (Pool, Storage.LoadReport) {
        if folder.manifest.isolation == .instance {
            let reason = "the manifest says `isolation: instance`"
            return try await tryOut(revision, folder, withoutFork: reason)
        }
        do {
            return try await tryOut(revision, folder, withoutFork: nil)
        } catch let error as ForkFailure {
            await say(.trial, "instances will not be forked: \(error.reason)")
            return try await tryOut(revision, folder, withoutFork: error.reason)
        }
    }

    /// The sample was not answered by a fork of the zygote, though it may be by a process that has
    /// loaded the model itself.
    private struct ForkFailure: Error {
        let reason: String
    }

    /// Loads the handler in a pool of its own and has an instance answer the sample.
    private func tryOut(
        _ revision: Revision,
        _ folder: FunctionFolder,
        withoutFork reason: String?
    ) async throws -> (Pool, Storage.LoadReport) {
        let pool = deployer.scheduler.makePool(for: revision, forks: reason == nil)
        do {
            var report = try await tryOut(pool, folder)
            report.isForkable = reason == nil
            report.notForkableReason = reason
            return (pool, report)
        } catch {
            await deployer.scheduler.retire(pool, rejectingWaiting: true)
            throw error
        }
    }

    private func installRequirements(_ folder: FunctionFolder) async throws {
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

    private func fetch(_ model: Manifest.ModelFile) async throws {
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

    private func tryOut(_ pool: Pool, _ folder: FunctionFolder) async throws -> Storage.LoadReport {
        await say(.load, "loading the handler in its sandbox")
        let sample = try await blocking { () -> (SampleFile, [UInt8])? in
            guard let sample = folder.sample else { return nil }
            return (sample, try sample.body())
        }
        guard let (sample, body) = sample else {
            do {
                try await Trial.start(id: makeID(), on: pool, eventLoop: deployer.loop)
            } catch let failure as Trial.Failure {
                throw Problem(failure, last: pool.lastFailure)
            }
            return try await report(of: pool)
        }
        let answer: Trial.Answer
        do {
            answer = try await Trial.run(
                body,
                contentType: sample.contentType,
                id: makeID(),
                on: pool,
                eventLoop: deployer.loop
            )
        } catch let failure as Trial.Failure {
            if pool.forks, let reason = failure.forkReason(threads: pool.report?.threads ?? []) {
                throw ForkFailure(reason: reason)
            }
            throw Problem(failure, last: pool.lastFailure)
        }
        let kind = pool.forks ? "a forked instance" : "an instance"
        await say(.trial, "\(kind) answered in \(answer.runMicros) us")
        try await compare(answer, sample, body)
        return try await report(of: pool)
    }

    private func compare(_ answer: Trial.Answer, _ sample: SampleFile, _ body: [UInt8]) async throws
    {
        let given = "input: \(Self.excerpt(body))\nanswer: \(Self.excerpt(answer.body))"
        guard answer.status < 400 else {
            throw Problem(
                .sampleFailed,
                detail: "The sample was answered with status \(answer.status).\n\(given)"
            )
        }
        let expected = try await blocking { try sample.expected() }
        guard let expected else {
            return await say(.sample, "\(sample.name) was answered", detail: given)
        }
        let difference = try await blocking {
            try SampleComparison().firstDifference(expected: expected, answer: answer.body)
        }
        if let difference {
            throw Problem(
                .sampleFailed,
                detail: "The answer to \(sample.name) differs: \(difference).\n\(given)\n"
                    + "expected: \(Self.excerpt(expected))"
            )
        }
        await say(.sample, "\(sample.name) was answered as expected", detail: given)
    }

    /// The beginning of a text, in one line.
    private static func excerpt(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes.prefix(excerptBytesMax), as: UTF8.self) else {
            return "\(bytes.count) bytes"
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return bytes.count > excerptBytesMax ? "\(line)... (\(bytes.count) bytes)" : line
    }

    private static let excerptBytesMax = 160

    private func report(of pool: Pool) async throws -> Storage.LoadReport {
        guard let report = pool.report else {
            throw Problem(.trialFailed, detail: "The sandbox ended after its trial.")
        }
        let memory = await pool.zygoteMemoryMiB()
        deployer.dispatcher.logs.append(pool.revision, load: report.log)
        return Storage.LoadReport(report, zygoteMemoryMiB: memory)
    }

    private func unchanged(_ route: Route) async {
        let number = route.revision.number
        let report = try? await deployer.registry.revision(number, of: name)?.report
        await progress(
            DeployEvent(
                step: .done,
                message: "\(route.revisionID) serves this bundle already",
                elapsedMillis: elapsedMillis,
                function: deployer.description(of: name, number: number, report: report),
                unchanged: true
            )
        )
    }

    private static func refuseUnsupported(_ manifest: Manifest) throws {
        let wish =
            !manifest.secrets.isEmpty
            ? "secrets" : manifest.network == .egress ? "network: egress" : nil
        guard let wish else { return }
        throw Problem(
            .manifestInvalid,
            detail: "This gateway does not support `\(wish)` yet: remove it."
        )
    }

    private func makeID() -> InvocationID {
        dispatcher.makeID(acceptedAtMicros: Clock.wallMicros())
    }

    private var dispatcher: Dispatcher { deployer.dispatcher }

    private var elapsedMillis: Int64 {
        Int64((Clock.monotonicNanos() - beganAt) / 1_000_000)
    }

    private func say(
        _ step: DeployEvent.Step,
        _ message: String,
        detail: String? = nil
    ) async {
        await progress(
            DeployEvent(
                step: step,
                message: message,
                detail: detail,
                elapsedMillis: elapsedMillis
            )
        )
    }

    private func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await deployer.threads.runIfActive(work)
    }
}
