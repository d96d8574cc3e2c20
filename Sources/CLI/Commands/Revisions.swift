import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

struct Revisions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what was deployed of a function.",
        discussion: """
            Each with its share of the traffic, where it came from and who deployed it, the \
            newest first. Bundles of the latest revisions are kept, so that `faas rollback` can \
            serve them again.

            EXAMPLES:
              faas revisions hello
              faas revisions hello -o json
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
        let revisions = try gateway.client().revisions(of: name)
        let now = Console.current.now()
        try options.write(RevisionList(revisions: revisions)) {
            RevisionText.table(revisions, now: now, paint: $0)
        }
    }
}
