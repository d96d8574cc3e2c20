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
        if let current, current.step != event.step { leave(current, at: event.elapsedMillis) }
        switch event.step {
        case .done, .failed: current = nil
        default:
            current = event
            line.show(live(event))
        }
    }

    /// Keeps the live line alive, with what has been sent or how long the step has taken.
    mutating func tick(_ upload: UploadProgress) {
        if let current {
            line.tick(live(current))
        } else if upload.sentBytes < bytes {
            let sent = Units.size(bytes: upload.sentBytes)
            line.tick("\(name): sending \(sent) of \(Units.size(bytes: bytes))")
        }
    }

    package mutating func end() {
        line.clear()
    }

    private func live(_ event: DeployEvent) -> String {
        let text = Self.text(event, name: name, paint: console.errorPaint)
        guard console.isErrorTerminal else { return text }
        let elapsed = Units.duration(millis: (console.now() - startedAtMicros) / 1_000_000 * 1000)
        return "\(text) \(console.errorPaint.dim(elapsed))"
    }

    /// On a terminal a step that is over stays as a line; elsewhere its line is there already.
    private mutating func leave(_ event: DeployEvent, at elapsedMillis: Int64) {
        guard console.isErrorTerminal else { return }
        let paint = console.errorPaint
        let took = Units.duration(millis: max(0, elapsedMillis - event.elapsedMillis))
        let text = Self.text(event, name: name, paint: paint)
        line.leave("\(paint.green("+")) \(text) \(paint.dim(took))")
    }

    private static func text(_ event: DeployEvent, name: FunctionName, paint: Paint) -> String {
        let detail = event.detail.map { paint.dim(" \(paint.harmless($0))") } ?? ""
        return "\(name): \(event.step.rawValue): \(paint.harmless(event.message))\(detail)"
    }
}
