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

/// One deploy, step by step.
struct Deploy: Sendable {
    let deployer: Deployer
    let name: FunctionName
    let archive: String
    let account: Account
    let progress: Deployer.Progress
    private let beganAt = Clock.monotonicNanos()

    init(
        deployer: Deployer,
        name: FunctionName,
        archive: String,
        account: Account,
        progress: @escaping Deployer.Progress
    ) {
        self.deployer = deployer
        self.name = name
        self.archive = archive
        self.account = account
        self.progress = progress
    }

    /// What a bundle turned out to be, before anything was built from it.
    enum Opened {
        /// It serves already.
        case unchanged(Route)
        case new(FunctionFolder, digest: String, isNew: Bool)
    }

    /// Unpacks the bundle and checks its manifest.
    ///
    /// - Throws: `Problem`, `PackagingError`: the bundle is at fault and nothing of it is left.
    func open(digest: String) async throws -> Opened {
        await say(.received, "bundle \(digest.prefix(12))")
        if let serving = dispatcher.route(name.description), serving.revision.digest == digest {
            return .unchanged(serving)
        }
        let (folder, isNew) = try await unpack(digest)
        return .new(folder, digest: digest, isNew: isNew)
    }

    /// Does the rest; the last event is `done` or `failed`.
    func run(_ opened: Opened) async {
        switch opened {
        case .unchanged(let route): await unchanged(route)
        case .new(let folder, let digest, let isNew):
            do {
                try await serve(folder, digest: digest)
            } catch {
                if isNew { try? await blocking { try Bundle.remove(folder: folder.path) } }
                await progress(.failed(Self.problem(error), elapsedMillis))
            }
        }
    }

    private static func problem(_ error: any Error) -> Problem {
        switch error {
        case let error as Problem: error
        case let error as PackagingError: Problem(error)
        case let error as InstanceError: Problem(start: error)
        default: Problem(.internal, detail: "\(error)")
        }
    }

    private func unpack(_ digest: String) async throws -> (FunctionFolder, isNew: Bool) {
        let place = "\(deployer.setting.bundlesFolder)/\(digest)"
        let isNew = access(place, F_OK) != 0
        let (archive, name) = (archive, name)
        let folder = try await blocking {
            if isNew { _ = try Bundle.unpack(file: archive, into: place) }
            do {
                let folder = try FunctionFolder(place)
                try Self.refuseUnsupported(folder.manifest)
                guard folder.manifest.name == name.description else {
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
        return (folder, isNew)
    }

    private func serve(_ folder: FunctionFolder, digest: String) async throws {
        try await deployer.triggers.check(folder.manifest, of: name, for: account)
        try await installRequirements(folder)
        let name = name
        let number = try await deployer.registry.reserveNumber(
            for: name,
            account: account,
            atMicros: Clock.wallMicros()
        )
        let revision = Revision(
            function: name,
            number: number,
            digest: digest,
            manifest: folder.manifest,
            account: account,
            deployedAtMicros: Clock.wallMicros()
        )
        let pool: Pool
        let report: Storage.LoadReport
        if folder.manifest.isolation == .instance {
            let reason = "the manifest says `isolation: instance`"
            (pool, report) = try await tryOut(revision, folder, withoutFork: reason)
        } else {
            do {
                (pool, report) = try await tryOut(revision, folder, withoutFork: nil)
            } catch let error as ForkFailure {
                await say(.trial, "instances will not be forked: \(error.reason)")
                (pool, report) = try await tryOut(revision, folder, withoutFork: error.reason)
            }
        }
        do {
            try await deployer.registry.deploy(revision, report: report)
        } catch {
            await deployer.scheduler.retire(pool, rejectingWaiting: true)
            throw error
        }
        await replaceRoute(revision, pool, report)
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

    private func tryOut(_ pool: Pool, _ folder: FunctionFolder) async throws -> Storage.LoadReport {
        await say(.load, "loading the handler in its sandbox")
        let sample = try await blocking { () -> (SampleFile, [UInt8])? in
            guard let sample = folder.sample else { return nil }
            return (sample, try sample.body())
        }
        guard let (sample, body) = sample else {
            try await start(pool)
            return try await report(of: pool)
        }
        let answer: Trial.Answer
        do {
            answer = try await Trial.run(
                body,
                contentType: sample.contentType,
                id: dispatcher.makeID(acceptedAtMicros: Clock.wallMicros()),
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
        try await compare(answer, sample)
        return try await report(of: pool)
    }

    private func compare(_ answer: Trial.Answer, _ sample: SampleFile) async throws {
        guard answer.status < 400 else {
            throw Problem(
                .sampleFailed,
                detail: "The sample was answered with status \(answer.status)."
            )
        }
        let difference = try await blocking {
            try sample.expected().flatMap {
                try SampleComparison().firstDifference(expected: $0, answer: answer.body)
            }
        }
        if let difference {
            throw Problem(
                .sampleFailed,
                detail: "The answer to \(sample.name) differs: \(difference)."
            )
        }
        await say(.sample, "\(sample.name) was answered as expected")
    }

    /// Without a sample: an instance that becomes ready is all that can be tried.
    private func start(_ pool: Pool) async throws {
        pool.prewarm(1)
        while true {
            let snapshot = pool.snapshot
            if snapshot.idle + snapshot.busy > 0 { return }
            if let failure = pool.lastFailure { throw failure }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func report(of pool: Pool) async throws -> Storage.LoadReport {
        guard let report = pool.report else {
            throw Problem(.trialFailed, detail: "The sandbox ended after its trial.")
        }
        let memory = await pool.zygoteMemoryMiB()
        deployer.dispatcher.logs.append(pool.revision, load: report.log)
        return Storage.LoadReport(report, zygoteMemoryMiB: memory)
    }

    private func replaceRoute(
        _ revision: Revision,
        _ pool: Pool,
        _ report: Storage.LoadReport
    ) async {
        let before = dispatcher.route(name.description)
        dispatcher.setRoute(
            Route(
                revision: revision,
                pool: pool,
                streamsInput: report.streamsInput,
                metrics: before?.metrics ?? RouteMetrics()
            ),
            for: name
        )
        pool.activate()
        await say(.serving, "\(revision.id) takes traffic")
        await bindTriggers(of: revision)
        if let before {
            Task { [scheduler = deployer.scheduler] in await scheduler.retire(before.pool) }
        }
        let description = FunctionDescription(
            revision: revision,
            pool: pool,
            facts: RuntimeFacts(report)
        )
        await progress(
            DeployEvent(
                step: .done,
                message: "\(revision.id) serves",
                elapsedMillis: elapsedMillis,
                function: description
            )
        )
        deployer.logger.info(
            "function deployed",
            metadata: ["revision": "\(revision.id)", "millis": "\(elapsedMillis)"]
        )
    }

    /// They were checked before; one that fails now is bound at the next start.
    private func bindTriggers(of revision: Revision) async {
        do {
            try await deployer.triggers.bind(revision, isRestored: false)
        } catch {
            deployer.logger.error(
                "triggers could not be bound",
                metadata: ["revision": "\(revision.id)", "error": "\(error)"]
            )
        }
    }

    private func unchanged(_ route: Route) async {
        let name = name
        let report = try? await deployer.registry.function(name)?.report
        await progress(
            DeployEvent(
                step: .done,
                message: "\(route.revisionID) serves this bundle already",
                elapsedMillis: elapsedMillis,
                function: FunctionDescription(
                    revision: route.revision,
                    pool: route.pool,
                    facts: report.map(RuntimeFacts.init)
                ),
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
