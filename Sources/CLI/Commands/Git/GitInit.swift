import ArgumentParser
import Functions
import GatewayClient

extension Git {
    struct GitInit: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Make a repository on the gateway's host, and show the remotes to add.",
            discussion: """
                One that is there already is left as it is.

                EXAMPLES:
                  faas git init models
                  git remote add faas $(faas git init models -o json | jq -r .path)
                """
        )

        @Argument(help: "The repository's name.", transform: RepositoryArgument.parse)
        var name: FunctionName

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let client = try gateway.client()
            let report = try client.makeRepository(name)
            try options.write(report) {
                RepositoryText.remotes(report, url: client.configuration.url, paint: $0)
            }
        }
    }
}
