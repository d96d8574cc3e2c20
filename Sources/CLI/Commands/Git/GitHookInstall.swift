import ArgumentParser
import Functions
import GatewayClient
import GitDeploys
import Glibc

extension Git.GitHook {
    struct GitHookInstall: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "install",
            abstract: "Add our hooks to a repository, bare or not.",
            discussion: """
                Adds pre-receive and post-receive where the repository looks for its hooks. A \
                hook that is there is kept, as pre-receive.before-faas, and runs first; when it \
                fails, the push is refused. Installing again changes nothing.

                Pushes deploy to the gateway of --url, or of FAAS_URL as it is now; who pushes \
                has the API key in FAAS_TOKEN.

                EXAMPLES:
                  faas git hook install /srv/git/models.git
                  faas git hook install . --url http://10.0.0.5:8080
                  faas git hook install /srv/git/models.git --uninstall
                """
        )

        @Argument(help: "The repository.", completion: .directory)
        var path: String

        @Flag(help: "Take our hooks out, and put back what was there before.")
        var uninstall = false

        @Option(help: .hidden)
        var repository: String?

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let environment = Console.current.environment
            do {
                let installation = HookInstallation(
                    try GitRepository(path, environment: GitRepository.cleared(environment))
                )
                if uninstall {
                    let report = try installation.uninstall()
                    return try options.write(report) { HookText.uninstalled(report, paint: $0) }
                }
                let configuration = try ClientConfiguration(
                    url: gateway.url,
                    environment: environment
                )
                let report = try installation.install(
                    program: try Self.program(),
                    url: configuration.url,
                    name: repository
                )
                try options.write(report) { HookText.installed(report, paint: $0) }
            } catch let error as GitDeployError {
                throw CommandFailure(error)
            }
        }

        /// This program, wherever it was found.
        private static func program() throws -> String {
            guard let path = realpath("/proc/self/exe", nil) else {
                throw CommandFailure(.refused, "/proc/self/exe cannot be read")
            }
            defer { free(path) }
            return String(cString: path)
        }
    }
}
