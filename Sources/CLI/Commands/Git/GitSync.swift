import ArgumentParser
import Functions
import GitDeploys

extension Git {
    struct GitSync: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sync",
            abstract: "Deploy what the branches of a repository on this host say.",
            discussion: """
                For when a push was taken, and what it changed was not served after all: the \
                gateway was stopped in between, or a host was set up anew. What serves already \
                is left as it is. How it goes is said on the standard error.

                EXAMPLES:
                  faas git sync /var/lib/faas/git/models.git
                  faas git sync . --branch main
                  faas git sync . -o json                one line of JSON for each branch
                """
        )

        @Argument(help: "The repository, bare or not.", completion: .directory)
        var path: String

        @Option(help: "Only this branch; also one that is gone.")
        var branch: String?

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let setting = try PushSetting(path: path, url: gateway.url)
            try setting.run(listen: printed) { hooks in try hooks.sync(branch: branch) }
        }

        /// What serves is said as it does, also when a branch after it fails.
        private func printed(_ event: PushEvent) {
            guard options.output == .json, let branch = SyncedBranch(event) else { return }
            try? Console.current.writeJSON(branch, indented: false)
        }
    }
}
