import Functions
import GatewayAPI
import GatewayClient

/// Runs one invocation and prints what comes of it.
struct InvocationPrinter {
    let name: FunctionName
    let asJSON: Bool
    let showsTimings: Bool
    let console: Console

    /// Throws a failure when the status that the handler chose says so.
    func run(_ request: InvocationRequest, with client: GatewayClient) throws {
        let startedAtMicros = console.now()
        var body: [UInt8] = []
        var lastByte: UInt8?
        let head = try client.invoke(request) { bytes in
            lastByte = bytes.last ?? lastByte
            if asJSON { body.append(contentsOf: bytes) } else { console.output(bytes) }
        }
        if asJSON {
            try console.writeJSON(InvocationAnswer(head: head, body: body))
        } else if console.isOutputTerminal, let lastByte, lastByte != UInt8(ascii: "\n") {
            console.write("\n")
        }
        if showsTimings {
            let total = console.now() - startedAtMicros
            console.writeError(InvocationText.timings(head, totalMicros: total))
        }
        guard !head.isSuccess else { return }
        throw CommandFailure(
            .refused,
            "\(name) answered with status \(head.status)",
            advice: head.invocationID.map { "`faas why \($0)` says more" }
        )
    }
}
