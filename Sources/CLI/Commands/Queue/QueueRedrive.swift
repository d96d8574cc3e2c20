import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

extension Queue {
    struct QueueRedrive: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "redrive",
            abstract: "Put a queue's dead letters back to where they came from.",
            discussion: """
                They are tried again from their first attempt on: correct the function and deploy \
                it before.

                EXAMPLES:
                  faas queue redrive patients
                """
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
            let change = try gateway.client().redrive(name)
            try options.write(change) { _ in QueueText.redriven(change, of: name) }
        }
    }
}
