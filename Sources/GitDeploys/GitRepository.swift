import Glibc

/// A repository on this host, asked through git.
package struct GitRepository: Sendable {
    let git: GitProgram
    /// The folder with the objects and the configuration; absolute.
    package let folder: String
    /// `faas.NAME` of its configuration, by NAME.
    package let settings: [String: String]

    /// Opens the repository at `path`, bare or not.
    ///
    /// `isHook`: the environment is one that git made for a hook, and says itself where the
    /// repository is; `path` is not looked at then. Otherwise it had better be ``cleared(_:)``.
    ///
    /// - Throws: `repositoryInvalid`, `gitFailed`.
    package init(
        _ path: String,
        environment: [String: String],
        isHook: Bool = false
    ) throws(GitDeployError) {
        git = try GitProgram(environment: environment)
        let place = isHook ? [] : ["-C", path]
        do throws(GitDeployError) {
            let answer = try git.output(place + ["rev-parse", "--absolute-git-dir"])
            folder = Self.line(answer)
        } catch {
            throw GitDeployError(
                .repositoryInvalid,
                "\(path) is no git repository",
                details: [error.message] + error.details
            )
        }
        let listed = try git.find(place + ["config", "-z", "--get-regexp", "^faas\\."])
        settings = Self.settings(listed ?? [])
    }

    /// What revisions call it: its name on the gateway, or where it is.
    package var name: String {
        if let name = settings["repository"] { return name }
        let suffix = "/.git"
        return folder.hasSuffix(suffix) ? String(folder.dropLast(suffix.count)) : folder
    }

    /// An environment without what would lead git to another repository.
    package static func cleared(_ environment: [String: String]) -> [String: String] {
        environment.filter { !$0.key.hasPrefix("GIT_") }
    }

    /// The first line of what git says.
    static func line(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static func settings(_ bytes: [UInt8]) -> [String: String] {
        var settings: [String: String] = [:]
        for record in bytes.split(separator: 0) {
            let parts = record.split(
                separator: UInt8(ascii: "\n"),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let key = String(decoding: parts[0].dropFirst("faas.".utf8.count), as: UTF8.self)
            settings[key] = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : "true"
        }
        return settings
    }

    /// Runs git on this repository.
    @discardableResult
    func run(_ arguments: [String]) throws(GitDeployError) -> [UInt8] {
        try git.output(place + arguments)
    }

    /// As `run`; nil when git says that there is none.
    func find(_ arguments: [String]) throws(GitDeployError) -> [UInt8]? {
        try git.find(place + arguments)
    }

    var place: [String] { ["--git-dir", folder] }
}
