import ArgumentParser
import Functions
import GatewayClient

extension Queue {
    struct QueueRemove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Remove a queue that is empty and that no function names.",
            discussion: """
                EXAMPLES:
                  faas queue remove patients
                """,
            aliases: ["rm"]
        )

        @Argument(
            help: QueueArgument.help,
            completion: QueueArgument.completion,
            transform: QueueArgument.parse
        )
        var name: QueueName

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            try gateway.client().removeQueue(name)
            let text = "\(name) removed\n"
            try options.write(["removed": name.description]) { _ in text }
        }
    }
}
