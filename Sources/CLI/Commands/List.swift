import ArgumentParser
import GatewayAPI
import GatewayClient

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the functions that are deployed.",
        discussion: """
            EXAMPLES:
              faas list
              faas list -o json
            """,
        aliases: ["ls"]
    )

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let functions = try gateway.client().functions()
        let now = Console.current.now()
        try options.write(FunctionList(functions: functions)) {
            FunctionText.table(functions, now: now, paint: $0)
        }
    }
}
