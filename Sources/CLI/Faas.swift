package import ArgumentParser

/// The root of the command tree.
package struct Faas: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "faas",
        abstract: "Deploy models as functions, invoke them, and see what they cost.",
        discussion: """
            EXAMPLES:
              faas new hello                    make a function folder
              faas deploy hello                 deploy it
              faas invoke hello name=World      invoke it
              faas invoke hello name=World --async
                                                enqueue it, and print its id
              faas queue send patients p.json   send a message
              faas rollback hello               serve what served before
              faas usage --by day               see the bill

            ENVIRONMENT:
              FAAS_URL      the gateway; http://127.0.0.1:8080 when not set
              FAAS_TOKEN    an API key, where the gateway asks for one
              NO_COLOR      no colour on a terminal when set

            EXIT STATUS:
              0 done, 1 the platform or a function said no, 2 wrong usage, 130 interrupted

            Shell completions: faas --generate-completion-script bash (or zsh, fish)
            """,
        version: Program.version,
        subcommands: [
            New.self, Deploy.self, Invoke.self, Result.self, Queue.self, Schedule.self, Git.self,
            List.self, Describe.self, Revisions.self, Traffic.self, Rollback.self, Promote.self,
            Diff.self, Logs.self, Usage.self, Why.self, Remove.self, Doctor.self,
        ]
    )

    package init() {}
}
