import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

struct Result: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the result of an asynchronous invocation.",
        discussion: """
            Results are kept for a time, an hour unless the gateway is set up otherwise. One that \
            is not there yet exits with 1, after --wait at most. As JSON it is the answer with \
            its status, or a report while there is none.

            EXAMPLES:
              faas result 018f2c6e-4d3a-7abc-8def-0123456789ab
              faas result 018f2c6e-4d3a-7abc-8def-0123456789ab --wait 5m
              faas result 018f2c6e-4d3a-7abc-8def-0123456789ab -o json
            """
    )

    @Argument(
        help: "The invocation's id, as `faas invoke --async` prints it.",
        transform: Logs.parse
    )
    var id: InvocationID

    @Option(
        defaultAsFlag: ResultWait.spanDefault,
        parsing: .next,
        help: "How long to wait for its end, such as 30s or 5m."
    )
    var wait: TimeSpan?

    @Option(name: .shortAndLong, help: "The answer as it is, or with status and timings as JSON.")
    var output = Invoke.Format.raw

    @OptionGroup var gateway: GatewayOptions

    func run() throws {
        let printer = InvocationPrinter(
            subject: id.description,
            asJSON: output == .json,
            showsTimings: false,
            console: .current
        )
        try ResultWait(id: id, span: wait).run(with: gateway.client(), printer: printer)
    }
}
