import GatewayClient
import GitDeploys
import Glibc
import Packaging
import Synchronization

/// Everything around a push: the repository, the gateway, and where its lines go.
struct PushSetting {
    private let repository: GitRepository
    private let configuration: ClientConfiguration
    private let hook: HookScript.Hook?
    private let environment: [String: String]

    /// In a hook: git's environment says where the repository is, and the repository which gateway.
    init(hook: HookScript.Hook) throws {
        try self.init(path: ".", hook: hook, url: nil)
    }

    init(path: String, url: String?) throws {
        try self.init(path: path, hook: nil, url: url)
    }

    private init(path: String, hook: HookScript.Hook?, url: String?) throws {
        let environment = Console.current.environment
        self.environment = environment
        self.hook = hook
        do throws(GitDeployError) {
            repository = try GitRepository(
                path,
                environment: hook == nil ? GitRepository.cleared(environment) : environment,
                isHook: hook != nil
            )
        } catch {
            throw CommandFailure(error)
        }
        configuration = try ClientConfiguration(
            url: url ?? repository.settings["url"],
            environment: environment
        )
    }

    /// Whether this repository is one that the hooks were put into; a folder of hooks may serve
    /// others too.
    var deploys: Bool { repository.settings["deploys"] == "true" }

    /// Does `work`, and says why it failed, and how to repeat what was taken and not served.
    ///
    /// `listen` is told what happens, beside who reads the standard error.
    func run(
        listen: @escaping (PushEvent) -> Void = { _ in },
        _ work: (PushHooks) throws -> Void
    ) throws {
        let output = PushOutput()
        let isSteady = hook == .postReceive
        let client = GatewayClient(
            configuration: configuration,
            isCancelled: { !isSteady && (Interruption.isRequested || output.isBroken) }
        )
        let printer = PushPrinter(
            // git passes on what a hook says to who pushes, who may sit at a terminal.
            paint: hook == nil
                ? Console.current.errorPaint
                : Paint(isOn: !(environment["FAAS_COLOR"] ?? "").isEmpty, isTerminal: true),
            now: Console.current.now,
            write: { output.write($0) }
        )
        let push = BranchPush(
            repository: repository,
            client: client,
            steadyClient: GatewayClient(configuration: configuration),
            deployedBy: Self.user(environment),
            temporaryFolder: environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp",
            listen: { event in
                printer.show(event)
                listen(event)
            }
        )
        do { try work(PushHooks(push)) } catch {
            let failed = failure(error)
            printer.end(failed)
            throw CommandFailure(failed.status, nil)
        }
    }

    private func failure(_ error: any Error) -> CommandFailure {
        let cause = CommandFailure(pushing: error)
        guard hook == .postReceive else { return cause }
        return CommandFailure(
            .refused,
            "the push was taken, but is not served yet: \(cause.message ?? "")",
            details: cause.details,
            advice: "on the repository's host, `faas git sync "
                + "\(ShellWord.quoted(repository.folder))` does it again"
        )
    }

    /// Who pushes: over HTTP the name that was given, else the user that runs this.
    private static func user(_ environment: [String: String]) -> String? {
        if let name = environment["REMOTE_USER"], !name.isEmpty { return name }
        guard let entry = getpwuid(getuid()) else { return environment["USER"] }
        return String(cString: entry.pointee.pw_name)
    }
}

/// The standard error, which git passes on to who pushes; when they are gone, it says so.
private final class PushOutput: Sendable {
    private let broken = Atomic<Bool>(false)

    var isBroken: Bool { broken.load(ordering: .relaxed) }

    func write(_ text: String) {
        guard !isBroken else { return }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return broken.store(true, ordering: .relaxed) }
            rest = rest.dropFirst(count)
        }
    }
}

extension CommandFailure {
    init(pushing error: any Error) {
        switch error {
        case let error as GitDeployError: self.init(error)
        case let error as ClientError: self.init(error)
        case let error as PackagingError: self.init(error)
        default: self.init(.refused, "\(error)")
        }
    }

    init(_ error: GitDeployError) {
        self.init(
            error.code == .cancelled ? .interrupted : .refused,
            error.message,
            details: error.details,
            advice: error.advice
        )
    }
}
