import ArgumentParser
import Functions
import GatewayClient

struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send all traffic to an earlier revision.",
        discussion: """
            Without a number it is the revision that served before. A rollout that is under way \
            ends. Invocations that run are finished where they are.

            EXAMPLES:
              faas rollback hello
              faas rollback hello 3
            """
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @Argument(
        help: "The revision's number.",
        completion: RevisionArgument.completion,
        transform: RevisionArgument.parse
    )
    var number: Int?

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let report = try gateway.client().rollBack(name, to: number)
        try options.write(report) { TrafficText.changed(report, paint: $0) }
    }
}
