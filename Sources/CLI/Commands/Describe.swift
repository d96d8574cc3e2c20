import ArgumentParser
import Functions
import GatewayClient

struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show all that is known of a function.",
        discussion: """
            Says what serves, its limits, what its handler takes and gives, whether instances \
            are forked from a zygote and why not, and what is in memory now.

            EXAMPLES:
              faas describe hello
              faas describe hello -o json
            """
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let function = try gateway.client().describe(name)
        let now = Console.current.now()
        try options.write(function) { FunctionText.description(function, now: now, paint: $0) }
    }
}
