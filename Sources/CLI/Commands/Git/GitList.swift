import ArgumentParser
import GatewayAPI
import GatewayClient

extension Git {
    struct GitList: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the repositories, and the commit that each branch serves.",
            discussion: """
                EXAMPLES:
                  faas git list
                  faas git list -o json
                """,
            aliases: ["ls"]
        )

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let repositories = try gateway.client().repositories()
            let now = Console.current.now()
            try options.write(RepositoryList(repositories: repositories)) {
                RepositoryText.table(repositories, now: now, paint: $0)
            }
        }
    }
}
