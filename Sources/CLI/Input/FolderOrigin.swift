import Functions
import GitDeploys
import Glibc

/// Where a folder that is deployed comes from.
enum FolderOrigin {
    /// Who deploys it; and where it lies in a git work tree with nothing changed since its commit,
    /// that commit too.
    static func read(_ folder: String) -> Origin {
        var origin = Origin(deployedBy: user())
        let environment = GitRepository.cleared(Console.current.environment)
        guard let git = try? GitProgram(environment: environment),
            isCommitted(folder, git),
            let lines = try? git.lines(
                folder,
                ["log", "-1", "--no-show-signature", "--format=%H%n%an <%ae>%n%s"]
            ),
            lines.count >= 2
        else { return origin }
        origin.commit = lines[0]
        origin.author = lines[1]
        origin.subject = lines.count > 2 ? lines[2] : nil
        origin.repository = try? git.lines(folder, ["rev-parse", "--show-toplevel"]).first
        origin.branch = try? git.lines(folder, ["symbolic-ref", "--quiet", "--short", "HEAD"]).first
        return origin
    }

    /// Whether the commit has this folder as it is; what git ignores in it is not looked at.
    private static func isCommitted(_ folder: String, _ git: GitProgram) -> Bool {
        let manifest = try? git.lines(folder, ["ls-tree", "--name-only", "HEAD", "function.yaml"])
        guard let manifest, !manifest.isEmpty else { return false }
        let changes = try? git.lines(folder, ["status", "--porcelain", "--", "."])
        return changes?.isEmpty == true
    }

    /// `anna@box`.
    private static func user() -> String? {
        let name =
            getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
            ?? Console.current.environment["USER"]
        var host = [CChar](repeating: 0, count: 256)
        guard let name, gethostname(&host, host.count - 1) == 0 else { return name }
        let letters = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(name)@\(String(decoding: letters, as: UTF8.self))"
    }
}

extension GitProgram {
    /// What git prints in a folder, by lines; a monitor of files is not started for it.
    fileprivate func lines(
        _ folder: String,
        _ arguments: [String]
    ) throws(GitDeployError) -> [String] {
        let answer = try output(["-C", folder, "-c", "core.fsmonitor=false"] + arguments)
        return String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
