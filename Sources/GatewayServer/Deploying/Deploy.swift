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
    let stop = DeployStop()
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
        let last = dispatcher.split(name.description)?.newest
        if let last, last.revision.digest == digest { return .unchanged(last) }
        return .new(try await unpack(digest), digest: digest)
    }

    /// Does the rest; the last event is `done`, `prepared` or `failed`.
    func run(_ opened: Opened) async {
        var last: DeployEvent
        do {
            switch opened {
            case .unchanged(let route): last = await unchanged(route)
            case .new(let folder, let digest):
                let prepared = try await prepare(folder, digest: digest)
                if let push { return await progress(try await hold(prepared, for: push)) }
                last = try await serve(prepared)
            }
            letGo()
        } catch {
            letGo()
            await deployer.sweep()
            last = .failed(Self.problem(error), elapsedMillis)
        }
        // Who hears it may deploy again at once.
        await progress(last)
    }

    private func letGo() {
        deployer.locks.unlock(locks)
        if let push { _ = deployer.pushes.end(push, stop, nil) }
    }

    /// Keeps it ready until the push is applied or given up.
    private func hold(_ prepared: Prepared, for push: String) async throws -> DeployEvent {
        guard deployer.pushes.end(push, stop, prepared) else {
            await deployer.scheduler.retire(prepared.pool, rejectingWaiting: true)
            throw Self.givenUp
        }
        return DeployEvent(
            step: .prepared,
            message: "\(prepared.revision.id) is ready",
            elapsedMillis: elapsedMillis,
            function: FunctionDescription(prepared)
        )
    }

    private func serve(_ prepared: Prepared) async throws -> DeployEvent {
        let (number, id) = (prepared.revision.number, prepared.revision.id)
        do { try await deployer.release([prepared]) } catch {
            await deployer.scheduler.retire(prepared.pool, rejectingWaiting: true)
            throw error
        }
        let parts = dispatcher.split(name.description)?.traffic.parts
        let share = parts?.first { $0.number == number }?.share ?? Share.none
        let taken = share == .all ? "takes traffic" : "takes \(share) of the traffic"
        await say(.serving, "\(id) \(taken)")
        deployer.logger.info(
            "function deployed",
            metadata: ["revision": "\(id)", "millis": "\(elapsedMillis)"]
        )
        return DeployEvent(
            step: .done,
            message: share == .all ? "\(id) serves" : "\(id) \(taken)",
            elapsedMillis: elapsedMillis,
            function: deployer.description(of: name, number: number, report: prepared.report)
        )
    }

    static let givenUp = Problem(
        .pushNotFound,
        detail: "The push was given up meanwhile."
    )

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

    private func unchanged(_ route: Route) async -> DeployEvent {
        let number = route.revision.number
        let report = try? await deployer.registry.revision(number, of: name)?.report
        return DeployEvent(
            step: .done,
            message: "\(route.revisionID) serves this bundle already",
            elapsedMillis: elapsedMillis,
            function: deployer.description(of: name, number: number, report: report),
            unchanged: true
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

    func makeID() -> InvocationID {
        dispatcher.makeID(acceptedAtMicros: Clock.wallMicros())
    }

    var dispatcher: Dispatcher { deployer.dispatcher }

    private var elapsedMillis: Int64 {
        Int64((Clock.monotonicNanos() - beganAt) / 1_000_000)
    }

    func say(
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

    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await deployer.threads.runIfActive(work)
    }
}
