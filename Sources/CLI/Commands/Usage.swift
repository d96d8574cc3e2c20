import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

struct Usage: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table
        case csv
        case json
    }

    static let configuration = CommandConfiguration(
        abstract: "Show what was used and what it costs.",
        discussion: """
            Times are UTC; a day means its first instant, --from is included and --to is not.

            EXAMPLES:
              faas usage
              faas usage --by day --from 2026-01-01 --to 2026-02-01
              faas usage --by revision --function hello --from 24h
              faas usage --by commit               what each push cost
              faas usage --by account -o csv > bill.csv
            """
    )

    @Option(help: "What one row sums up.")
    var by = UsageQuery.Grouping.function

    @Option(
        help: "Invocations accepted since then: a day, an instant, or 90s, 10m, 2h, 7d ago.",
        transform: InstantArgument.parse
    )
    var from: Timestamp?

    @Option(help: "Invocations accepted before then.", transform: InstantArgument.parse)
    var to: Timestamp?

    @Option(help: "Of this account only.")
    var account: String?

    @Option(
        help: "Of this function only.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var function: FunctionName?

    @Option(name: .shortAndLong, help: "How to print.")
    var output = Format.table

    @OptionGroup var gateway: GatewayOptions

    func validate() throws {
        if let from, let to, to <= from {
            throw ValidationError("--to must be after --from")
        }
    }

    func run() throws {
        let query = UsageQuery(
            grouping: by,
            from: from,
            to: to,
            account: account,
            function: function?.description
        )
        let statement = try gateway.client().usage(query)
        let console = Console.current
        switch output {
        case .table: console.write(UsageText.table(statement, paint: console.paint))
        case .csv: console.write(statement.csv)
        case .json: try console.writeJSON(statement)
        }
    }
}

extension UsageQuery.Grouping: ExpressibleByArgument {}
