import Glibc

/// Puts our hooks into a repository, or takes them out.
package struct HookInstallation {
    /// What was done.
    package struct Report: Sendable, Hashable, Codable {
        /// The repository's own folder.
        package let repository: String
        /// Where its hooks are.
        package let folder: String
        /// Hooks that were there, by the names under which they are kept, or are again.
        package let kept: [String]
        /// The gateway that pushes deploy to; nil where it is said by `FAAS_URL`.
        package let url: String?
        /// Hooks in this folder run for other repositories too; ours do nothing for those.
        package let isShared: Bool
    }

    /// No hook has more bytes than that.
    private static let hookBytesMax = 1 << 20
    private let repository: GitRepository

    package init(_ repository: GitRepository) { self.repository = repository }

    /// Makes both hooks run `program`, and keeps what is there; doing it again changes nothing.
    ///
    /// - Throws: `repositoryInvalid` where a hook is in the way; `fileSystem`, `gitFailed`.
    package func install(
        program: String,
        url: String?,
        name: String? = nil
    ) throws(GitDeployError) -> Report {
        let (folder, isShared) = try place()
        if access(folder, F_OK) != 0, mkdir(folder, 0o755) != 0 { throw failure("make", folder) }
        var kept: [String] = []
        for hook in HookScript.Hook.allCases {
            let path = "\(folder)/\(hook.rawValue)"
            try keep(path)
            let text = HookScript.text(hook, program: program)
            try SmallFile.write(Array(text.utf8), to: path, mode: 0o755)
            let old = hook.rawValue + HookScript.keptSuffix
            if access("\(folder)/\(old)", F_OK) == 0 { kept.append(old) }
        }
        try repository.run(["config", "faas.deploys", "true"])
        if let url { try repository.run(["config", "faas.url", url]) }
        if let name { try repository.run(["config", "faas.repository", name]) }
        return Report(
            repository: repository.folder,
            folder: folder,
            kept: kept,
            url: url ?? repository.settings["url"],
            isShared: isShared
        )
    }

    /// Takes our hooks out, and puts back what they kept.
    package func uninstall() throws(GitDeployError) -> Report {
        let (folder, isShared) = try place()
        var back: [String] = []
        for hook in HookScript.Hook.allCases {
            let path = "\(folder)/\(hook.rawValue)"
            guard isOurs(path) else { continue }
            let old = path + HookScript.keptSuffix
            if access(old, F_OK) == 0 {
                guard rename(old, path) == 0 else { throw failure("put back", old) }
                back.append(hook.rawValue)
            } else {
                guard unlink(path) == 0 else { throw failure("remove", path) }
            }
        }
        if repository.settings["deploys"] != nil {
            try repository.run(["config", "--unset-all", "faas.deploys"])
        }
        return Report(
            repository: repository.folder,
            folder: folder,
            kept: back,
            url: nil,
            isShared: isShared
        )
    }

    /// Where git looks for the hooks of a push.
    private func place() throws(GitDeployError) -> (folder: String, isShared: Bool) {
        let common = GitRepository.line(
            try repository.run(["rev-parse", "--path-format=absolute", "--git-common-dir"])
        )
        let answer = try repository.find(["config", "--type=path", "core.hooksPath"])
        guard let set = answer.map(GitRepository.line), !set.isEmpty else {
            return ("\(common)/hooks", false)
        }
        // git runs the hooks of a push in the repository's own folder.
        let folder = set.hasPrefix("/") ? set : "\(common)/\(set)"
        let own = try repository.find(["config", "--local", "core.hooksPath"])
        return (folder, own == nil)
    }

    /// Gives a hook that is not ours another name, so that at no time there is none.
    private func keep(_ path: String) throws(GitDeployError) {
        var status = stat()
        guard lstat(path, &status) == 0, !isOurs(path) else { return }
        let old = path + HookScript.keptSuffix
        guard link(path, old) == 0 else {
            guard errno == EEXIST else { throw failure("keep", path) }
            throw GitDeployError(
                .repositoryInvalid,
                "\(path) is not ours, and there is a \(old) already",
                advice: "keep the one of them that is wanted under the latter name"
            )
        }
    }

    private func isOurs(_ path: String) -> Bool {
        guard let text = SmallFile.contents(of: path, bytesMax: Self.hookBytesMax) else {
            return false
        }
        return HookScript.isOurs(text)
    }

    private func failure(_ verb: String, _ path: String) -> GitDeployError {
        GitDeployError(
            .fileSystem,
            "can't \(verb) \(path): \(String(cString: strerror(errno)))"
        )
    }
}
