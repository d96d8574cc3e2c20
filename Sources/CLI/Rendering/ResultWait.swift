import Functions
import GatewayAPI
import GatewayClient

/// Reads a kept result, which may not be there yet.
struct ResultWait {
    static let spanDefault = TimeSpan(millis: WaitQuery.waitMillisMax)

    let id: InvocationID
    /// Nil does not wait.
    let span: TimeSpan?

    /// Throws a failure when there is no result after all that was waited.
    func run(with client: GatewayClient, printer: InvocationPrinter) throws {
        var progress = ProgressLine(console: printer.console)
        if span != nil { progress.tick("waiting for \(id)") }
        try printer.run { onBody in
            defer { progress.clear() }
            switch try answer(from: client, onBody: onBody) {
            case .ended(let head): return head
            case .pending(let report):
                if printer.asJSON { try printer.console.writeJSON(report) }
                throw CommandFailure(
                    .refused,
                    InvocationText.pending(report, now: printer.console.now()),
                    advice: advice
                )
            }
        }
    }

    private func answer(
        from client: GatewayClient,
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(ClientError) -> ResultAnswer {
        do {
            return try client.result(of: id, waitMillis: span?.millis ?? 0, onBody: onBody)
        } catch {
            var error = error
            switch error.code {
            case .cancelled, .timedOut, .connectionLost:
                // The invocation goes on all the same.
                error.advice = advice
            default: break
            }
            throw error
        }
    }

    private var advice: String { "`faas result \(id) --wait 1m` asks again" }
}
