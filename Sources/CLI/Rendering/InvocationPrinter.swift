import GatewayClient

/// Prints the answer of one invocation.
struct InvocationPrinter {
    /// What answered, as an error names it.
    let subject: String
    let asJSON: Bool
    let showsTimings: Bool
    let console: Console

    /// Prints what `exchange` gives the body's pieces to.
    ///
    /// Throws a failure when the status that the handler chose says so.
    func run(
        _ exchange: ((UnsafeRawBufferPointer) -> Void) throws -> ResponseHead
    ) throws {
        let startedAtMicros = console.now()
        var body: [UInt8] = []
        var lastByte: UInt8?
        var hiddenBytes = 0
        let head: ResponseHead
        do {
            head = try exchange { bytes in
                if asJSON { return body.append(contentsOf: bytes) }
                // It would garble the terminal.
                if hiddenBytes > 0 || console.isOutputTerminal && bytes.contains(0) {
                    hiddenBytes += bytes.count
                } else {
                    lastByte = bytes.last ?? lastByte
                    console.output(bytes)
                }
            }
        } catch let error as ClientError {
            if asJSON, let head = error.head {
                try console.writeJSON(InvocationAnswer(head: head, body: body, isWhole: false))
            }
            throw error
        }
        if asJSON {
            try console.writeJSON(InvocationAnswer(head: head, body: body))
        } else if console.isOutputTerminal, let lastByte, lastByte != UInt8(ascii: "\n") {
            console.write("\n")
        }
        if hiddenBytes > 0 {
            let size = Units.size(bytes: Int64(hiddenBytes))
            let type = head["content-type"].map { " of \($0)" } ?? ""
            console.writeError(
                "not shown: \(size)\(type), which is no text; `> FILE` keeps the answer\n"
            )
        }
        if showsTimings {
            let total = console.now() - startedAtMicros
            console.writeError(InvocationText.timings(head, totalMicros: total))
        }
        guard !head.isSuccess else { return }
        throw CommandFailure(
            .refused,
            "\(subject) answered with status \(head.status)",
            advice: head.invocationID.map { "`faas why \($0)` says more" }
        )
    }
}
