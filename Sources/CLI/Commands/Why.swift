import ArgumentParser
import Functions
import GatewayClient

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain an invocation: what became of it, and why it took its time.",
        discussion: """
            The id is in the answer's header field X-Invocation-Id, and `faas invoke --timings` \
            prints it; for a message it is the id that sending it gave, and for an asynchronous \
            invocation X-Call-Id. An invocation that was enqueued shows each of its attempts.

            EXAMPLES:
              faas why 018f2c6e-4d3a-7abc-8def-0123456789ab
            """
    )

    @Argument(help: "The invocation's id.", transform: Logs.parse)
    var id: InvocationID

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let report = try gateway.client().invocation(id)
        let now = Console.current.now()
        try options.write(report) { InvocationText.report(report, now: now, paint: $0) }
    }
}
