import ArgumentParser
import Functions
import GatewayClient

extension Git {
    struct GitRemove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Delete a repository with its history from the gateway's host.",
            discussion: """
                The functions that came from it serve on. On a terminal this asks first; \
                elsewhere it wants --yes.

                EXAMPLES:
                  faas git remove models
                  faas git remove models --yes
                """,
            aliases: ["rm"]
        )

        @Argument(
            help: "The repository's name.",
            completion: RepositoryArgument.completion,
            transform: RepositoryArgument.parse
        )
        var name: FunctionName

        @Flag(name: .shortAndLong, help: "Do not ask.")
        var yes = false

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let client = try gateway.client()
            if !yes {
                try Confirmation.ask(
                    "Delete the repository \(name), with its history?",
                    otherwise: "\(name) was not deleted",
                    command: "faas git remove \(name)"
                )
            }
            try client.removeRepository(name)
            let text = "\(name) deleted; its functions serve on\n"
            try options.write(["removed": name.description]) { _ in text }
        }
    }
}
