package import Functions
package import GatewayAPI
import GatewayClient

/// Shows a deploy's steps: one live line and a line for each step that is over.
package struct DeployProgress {
    private let name: FunctionName
    private let console: Console
    private var line: ProgressLine
    private var startedAtMicros: Int64
    private var current: DeployEvent?
    /// Whether the gateway has said anything yet.
    private var isAnswered = false
    private var bytes: Int64 = 0

    package init(name: FunctionName, console: Console) {
        self.name = name
        self.console = console
        line = ProgressLine(console: console)
        startedAtMicros = console.now()
    }

    package mutating func begin(bytes: Int64) {
        self.bytes = bytes
        line.show("\(name): sending \(Units.size(bytes: bytes))")
    }

    /// Takes the next event of the stream.
    package mutating func show(_ event: DeployEvent) {
        isAnswered = true
        if let current, current.step != event.step { leave(current, at: event.elapsedMillis) }
        switch event.step {
        case .done, .failed: current = nil
        default:
            current = event
            show(live: event)
        }
    }

    /// Keeps the live line alive, with what has been sent or how long the step has taken.
    mutating func tick(_ upload: UploadProgress) {
        if let current {
            line.tick(live(current))
        } else if isAnswered {
            return
        } else if upload.sentBytes < bytes {
            let sent = Units.size(bytes: upload.sentBytes)
            line.tick("\(name): sending \(sent) of \(Units.size(bytes: bytes))")
        } else {
            line.tick("\(name): sent \(Units.size(bytes: bytes))")
        }
    }

    package mutating func end() {
        line.clear()
    }

    /// Without a live line, what a step says on several lines is shown as they come.
    private mutating func show(live event: DeployEvent) {
        let rows = console.hasLiveLine ? [] : rows(event).map { "\n\(name):   \($0)" }
        line.show(live(event) + rows.joined())
    }

    private func live(_ event: DeployEvent) -> String {
        let text = text(event)
        guard console.hasLiveLine else { return text }
        let elapsed = Units.duration(millis: (console.now() - startedAtMicros) / 1_000_000 * 1000)
        return "\(text) \(console.errorPaint.dim(elapsed))"
    }

    /// On a terminal a step that is over stays as a line; elsewhere its line is there already.
    private mutating func leave(_ event: DeployEvent, at elapsedMillis: Int64) {
        guard console.hasLiveLine else { return }
        let paint = console.errorPaint
        let took = Units.duration(millis: max(0, elapsedMillis - event.elapsedMillis))
        let rows = rows(event).map { "\n    \(paint.dim($0))" }.joined()
        line.leave("\(paint.green("+")) \(text(event)) \(paint.dim(took))\(rows)")
    }

    /// The step, its message, and a detail of one line.
    private func text(_ event: DeployEvent) -> String {
        let paint = console.errorPaint
        let detail = rows(event).isEmpty ? event.detail : nil
        let end = detail.map { paint.dim(" \(paint.harmless($0))") } ?? ""
        return "\(name): \(event.step.rawValue): \(paint.harmless(event.message))\(end)"
    }

    /// The lines of a detail that has several.
    private func rows(_ event: DeployEvent) -> [String] {
        let rows = (event.detail ?? "").split(separator: "\n")
        return rows.count > 1 ? rows.map { console.errorPaint.harmless(String($0)) } : []
    }
}
