import ArgumentParser
import Functions
import GatewayClient

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a function out of service.",
        discussion: """
            Invocations that run are finished first. What was used stays on the bill. On a \
            terminal this asks first; elsewhere it wants --yes.

            EXAMPLES:
              faas remove hello
              faas remove hello --yes
            """,
        aliases: ["rm"]
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let client = try gateway.client()
        if !yes {
            try Confirmation.ask(
                "Remove \(name)?",
                otherwise: "\(name) was not removed",
                command: "faas remove \(name)"
            )
        }
        try client.remove(name)
        let text = "\(name) removed\n"
        try options.write(["removed": name.description]) { _ in text }
    }
}
