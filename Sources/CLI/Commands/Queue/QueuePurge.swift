import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

extension Queue {
    struct QueuePurge: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Delete what waits in a queue, or its dead letters.",
            discussion: """
                What is in flight stays. On a terminal this asks first; elsewhere it wants --yes.

                EXAMPLES:
                  faas queue purge patients
                  faas queue purge patients --dead --yes
                """
        )

        @Argument(
            help: QueueArgument.help,
            completion: QueueArgument.completion,
            transform: QueueArgument.parse
        )
        var name: QueueName

        @Flag(help: "Delete the dead letters, and not what waits.")
        var dead = false

        @Flag(name: .shortAndLong, help: "Do not ask.")
        var yes = false

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let client = try gateway.client()
            if !yes {
                let report = try client.queue(name)
                try Confirmation.ask(
                    QueueText.purgeQuestion(report, dead: dead),
                    otherwise: "nothing of \(name) was deleted",
                    command: "faas queue purge \(name)\(dead ? " --dead" : "")"
                )
            }
            let change = try client.purge(name, dead: dead)
            try options.write(change) { _ in QueueText.purged(change, of: name, dead: dead) }
        }
    }
}
