package import Functions
import GatewayAPI
package import GitDeploys
import Glibc

/// The bare repositories under the gateway's data.
///
/// Everything here blocks.
package struct RepositoryStore: Sendable {
    /// A repository, and whose it is.
    package struct Owned: Sendable {
        package let name: FunctionName
        package let account: Account
        package let repository: GitRepository
    }

    package let host: GitHost
    /// What is half made or half deleted has a name that begins so.
    private static let draftPrefix = "."

    package init(host: GitHost) { self.host = host }

    package func path(_ name: FunctionName) -> String { "\(host.folder)/\(name).git" }

    /// Makes the folder, and removes what a crash left half made.
    package func prepare() throws {
        if access(host.folder, F_OK) != 0, mkdir(host.folder, 0o755) != 0 {
            throw Self.failure("make", host.folder)
        }
        for name in try entries() where name.hasPrefix(Self.draftPrefix) {
            Workplace.remove("\(host.folder)/\(name)")
        }
    }

    /// By name.
    package func names() throws -> [FunctionName] {
        try entries().compactMap { BackendRequest.repository(inPath: $0) }.sorted()
    }

    /// Nil when there is none.
    package func find(_ name: FunctionName) throws -> Owned? {
        let path = path(name)
        guard access("\(path)/HEAD", F_OK) == 0 else { return nil }
        let repository = try GitRepository(path, environment: host.environment)
        guard let account = repository.settings["account"] else { return nil }
        return Owned(name: name, account: Account(account), repository: repository)
    }

    /// Makes a repository; false when there is one of that name already.
    ///
    /// `url` is where its pushes deploy to.
    package func make(_ name: FunctionName, account: Account, url: String) throws -> Bool {
        guard access(path(name), F_OK) != 0 else { return false }
        guard try names().count < GitServerLimits.repositoryCountMax else {
            throw Problem(
                .gitBusy,
                detail: "There are \(GitServerLimits.repositoryCountMax) repositories already."
            )
        }
        let draft = self.draft(name)
        do {
            try host.git.output([
                "init", "--quiet", "--bare", "--initial-branch=main", "--template=", draft,
            ])
            try configure(draft, name: name, account: account, url: url)
        } catch {
            Workplace.remove(draft)
            throw error
        }
        if rename(draft, path(name)) == 0 { return true }
        let reason = errno
        Workplace.remove(draft)
        guard reason == ENOTEMPTY || reason == EEXIST else {
            throw Self.failure("make", path(name), reason)
        }
        return false
    }

    package func remove(_ name: FunctionName) throws {
        let draft = self.draft(name)
        guard rename(path(name), draft) == 0 else { throw Self.failure("remove", path(name)) }
        Workplace.remove(draft)
    }

    /// Has the hooks run the `faas` of now and deploy to the gateway of now.
    package func refresh(_ owned: Owned, url: String) throws {
        let hooks = HookScript.Hook.allCases.map { hook in
            let wanted = Array(HookScript.text(hook, program: host.client).utf8)
            return Self.hasContents(
                "\(owned.repository.folder)/hooks/\(hook.rawValue)",
                wanted
            )
        }
        guard hooks.contains(false) || owned.repository.settings["url"] != url else { return }
        _ = try HookInstallation(owned.repository).install(program: host.client, url: url)
    }

    private func configure(
        _ draft: String,
        name: FunctionName,
        account: Account,
        url: String
    ) throws {
        let settings = [
            ("faas.account", account.description),
            ("http.receivepack", "true"),
            ("http.uploadpack", "true"),
            ("transfer.fsckObjects", "true"),
            ("receive.fsckObjects", "true"),
            ("receive.maxInputSize", "\(GitServerLimits.packBytesMax)"),
            ("receive.denyDeletes", "false"),
            // The hook checks that what it tried is what the branch is moved to.
            ("receive.denyDeleteCurrent", "ignore"),
            ("receive.advertisePushOptions", "false"),
        ]
        for (key, value) in settings {
            try host.git.output(["config", "--file", "\(draft)/config", key, value])
        }
        let repository = try GitRepository(draft, environment: host.environment)
        _ = try HookInstallation(repository).install(
            program: host.client,
            url: url,
            name: name.description
        )
    }

    private func draft(_ name: FunctionName) -> String {
        "\(host.folder)/\(Self.draftPrefix)\(name)-\(UInt64.random(in: .min ... .max))"
    }

    private func entries() throws -> [String] {
        guard let stream = opendir(host.folder) else { throw Self.failure("read", host.folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func hasContents(_ path: String, _ wanted: [UInt8]) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: wanted.count + 1)
        let count = read(file, &bytes, bytes.count)
        return count == wanted.count && bytes.starts(with: wanted)
    }

    private static func failure(_ verb: String, _ path: String, _ reason: CInt = errno) -> Problem {
        Problem(.gitFailed, detail: "Can't \(verb) \(path): \(String(cString: strerror(reason))).")
    }
}
