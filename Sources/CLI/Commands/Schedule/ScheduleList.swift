import ArgumentParser
import GatewayAPI
import GatewayClient

extension Schedule {
    struct ScheduleList: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the schedules, each with its next five times.",
            discussion: """
                Times read as clocks show them in the schedule's own zone.

                EXAMPLES:
                  faas schedule list
                  faas schedule list -o json
                """,
            aliases: ["ls"]
        )

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func run() throws {
            let schedules = try gateway.client().schedules()
            let now = Console.current.now()
            try options.write(GatewayAPI.ScheduleList(schedules: schedules)) {
                ScheduleText.table(schedules, now: now, paint: $0)
            }
        }
    }
}
