import GatewayAPI
import GitDeploys
import Glibc

/// The programs of this host that work on repositories, and the surroundings they get.
package struct GitHost: Sendable {
    /// Where the repositories are.
    package let folder: String
    /// The program `faas`, which the hooks run.
    package let client: String
    let git: GitProgram

    /// `dataFolder` is the gateway's; `faas` is looked for beside the gateway's own program.
    ///
    /// - Throws: `Problem` where there is no git; pushes are not served then.
    package init(dataFolder: String, client: String? = nil, temporaryFolder: String? = nil) throws {
        folder = "\(dataFolder)/git"
        self.client = client ?? Self.besideThisProgram("faas")
        // Nothing of this process's own environment, and no configuration but the repository's.
        var environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/nonexistent",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            // The repositories are the gateway's own, whichever user it was run by before.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        ]
        environment["TMPDIR"] = temporaryFolder
        do throws(GitDeployError) { git = try GitProgram(environment: environment) } catch {
            throw Problem(.gitFailed, detail: error.message)
        }
    }

    var environment: [String: String] { git.environment }
    var hasClient: Bool { access(client, X_OK) == 0 }

    private static func besideThisProgram(_ name: String) -> String {
        guard let path = realpath("/proc/self/exe", nil) else { return name }
        defer { free(path) }
        let own = String(cString: path)
        return "\(own.prefix(upTo: own.lastIndex(of: "/") ?? own.startIndex))/\(name)"
    }
}
