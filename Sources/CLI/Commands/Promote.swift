import ArgumentParser
import Functions
import GatewayClient

struct Promote: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send all traffic to a revision, without further steps.",
        discussion: """
            Without a number it is the revision that is being rolled out.

            EXAMPLES:
              faas promote hello
              faas promote hello 4
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
        let report = try gateway.client().promote(name, number)
        try options.write(report) { TrafficText.changed(report, paint: $0) }
    }
}
