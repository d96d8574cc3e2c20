import ArgumentParser
import Functions
import GatewayClient

struct Traffic: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show or divide a function's traffic among its revisions.",
        discussion: """
            Each part is a revision's number and its percent; together they make 100. A revision \
            with 0 serves only what asks for it, with the header or cookie X-Revision. Requests \
            with the same X-Sticky-Key go to the same revision. Dividing ends a rollout that is \
            under way.

            EXAMPLES:
              faas traffic hello                show it
              faas traffic hello 3=95 4=5
              faas traffic hello 4=100
              faas traffic hello 3=100 4=0      try 4: faas invoke hello --revision 4
            """
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @Argument(
        help: ArgumentHelp("A revision's number and its percent.", valueName: "number=percent"),
        completion: RevisionArgument.completion,
        transform: RevisionArgument.parsePart
    )
    var parts: [Functions.Traffic.Part] = []

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard !parts.isEmpty else { return }
        guard Set(parts.map(\.number)).count == parts.count else {
            throw ValidationError("a revision is named twice")
        }
        let sum = parts.reduce(0) { $0 + $1.share.basisPoints }
        guard sum == Share.all.basisPoints else {
            let hundredths = sum % 100
            let decimals = hundredths == 0 ? "" : ".\(hundredths / 10)\(hundredths % 10)"
            throw ValidationError(
                "the parts make \(sum / 100)\(decimals) percent together, not 100"
            )
        }
    }

    func run() throws {
        let client = try gateway.client()
        if parts.isEmpty {
            let report = try client.traffic(of: name)
            let now = Console.current.now()
            try options.write(report) { TrafficText.table(report, now: now, paint: $0) }
        } else {
            let report = try client.divideTraffic(of: name, parts)
            try options.write(report) { TrafficText.changed(report, paint: $0) }
        }
    }
}
