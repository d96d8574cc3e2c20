import ArgumentParser

extension Git {
    struct GitHook: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hook",
            abstract: "Have pushes to any repository on this host deploy.",
            discussion: """
                EXAMPLES:
                  faas git hook install /srv/git/models.git
                  faas git hook install /srv/git/models.git --uninstall
                """,
            subcommands: [GitHookInstall.self, GitHookRun.self]
        )
    }
}
