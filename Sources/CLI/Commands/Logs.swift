import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a function printed and logged.",
        discussion: """
            EXAMPLES:
              faas logs hello
              faas logs hello -f                        go on until Ctrl-C, which exits with 0
              faas logs hello --since 10m --tail 1000
              faas logs hello --invocation 018f2c6e-4d3a-7abc-8def-0123456789ab
            """
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @Flag(name: .shortAndLong, help: "Go on with new lines until Ctrl-C.")
    var follow = false

    @Option(help: "How many of the newest lines to begin with, up to 10000.")
    var tail = LogQuery.tailDefault

    @Option(
        help: "Only lines since then: an instant, or 90s, 10m, 2h, 7d ago.",
        transform: InstantArgument.parse
    )
    var since: Timestamp?

    @Option(help: "Only lines of this invocation.", transform: Self.parse)
    var invocation: InvocationID?

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard (0...LogQuery.tailMax).contains(tail) else {
            throw ValidationError("--tail must be from 0 to \(LogQuery.tailMax)")
        }
    }

    func run() throws {
        let console = Console.current
        let query = LogQuery(
            tail: tail,
            follow: follow,
            since: since,
            invocation: invocation?.description
        )
        let asJSON = options.output == .json
        let client = try gateway.client()
        do {
            try client.logs(of: name, query: query) { line in
                if asJSON, let bytes = try? JSONCoding.encodeLine(line) {
                    bytes.withUnsafeBytes(console.output)
                } else {
                    console.write(LogText.line(line, paint: console.paint))
                }
            }
        } catch {
            // Ctrl-C is how following ends.
            guard follow, error.code == .cancelled else { throw error }
            return
        }
        guard follow else { return }
        throw CommandFailure(
            .refused,
            "the gateway ended the log: it is stopping, or \(name) was removed",
            advice: "`faas describe \(name)` shows what serves"
        )
    }

    static func parse(_ text: String) throws -> InvocationID {
        guard let id = InvocationID(text) else {
            throw ValidationError("`\(text)` is no invocation id")
        }
        return id
    }
}
