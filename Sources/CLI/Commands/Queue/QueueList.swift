import ArgumentParser
import GatewayAPI
import GatewayClient

extension Queue {
    struct QueueList: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the queues: what waits, what is in flight, what died.",
            discussion: """
                RATE is messages completed a second, over the last minute.

                EXAMPLES:
                  faas queue list
                  faas queue list -o json
                """,
            aliases: ["ls"]
        )

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let queues = try gateway.client().queues()
            try options.write(GatewayAPI.QueueList(queues: queues)) {
                QueueText.table(queues, paint: $0)
            }
        }
    }
}
