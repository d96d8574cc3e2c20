import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

extension Queue {
    struct QueueDead: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dead",
            abstract: "List a queue's dead letters, oldest first, each with its reason.",
            discussion: """
                As JSON a message's beginning is longer, and the times are exact; `faas why ID` \
                tells each attempt.

                EXAMPLES:
                  faas queue dead patients
                  faas queue dead patients --limit 1000 -o json
                """
        )

        @Argument(
            help: QueueArgument.help,
            completion: QueueArgument.completion,
            transform: QueueArgument.parse
        )
        var name: QueueName

        @Option(help: "How many to list at most, up to \(DeadQuery.limitMax).")
        var limit = DeadQuery.limitDefault

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func validate() throws {
            guard (1...DeadQuery.limitMax).contains(limit) else {
                throw ValidationError("--limit must be from 1 to \(DeadQuery.limitMax)")
            }
        }

        func run() throws {
            let list = try gateway.client().deadLetters(of: name, limit: limit)
            let now = Console.current.now()
            try options.write(list) { DeadLetterText.table(list, of: name, now: now, paint: $0) }
        }
    }
}
