import Functions
import GatewayAPI
package import GitDeploys

/// Shows a push where `git push` runs, line by line as it happens.
package final class PushPrinter {
    /// How often a step that goes on may say so, in microseconds.
    private static let repeatMicrosMin: Int64 = 2_000_000

    private let paint: Paint
    private let now: () -> Int64
    private let write: (String) -> Void
    private var last: (step: DeployEvent.Step, message: String, shownAt: Int64)?
    /// When each step of the function began, in milliseconds since its request.
    private var steps: [(step: DeployEvent.Step, atMillis: Int64)] = []

    package init(
        paint: Paint,
        now: @escaping () -> Int64,
        write: @escaping (String) -> Void
    ) {
        self.paint = paint
        self.now = now
        self.write = write
    }

    package func show(_ event: PushEvent) {
        switch event {
        case .waiting(let reason): say("waiting for another push: \(clean(reason))")
        case .began(let outline): began(outline)
        case .note(let text): say("\(paint.yellow("note:")) \(clean(text))")
        case .sending(let name, let byteCount): sending(name, byteCount)
        case .step(_, let event): step(event)
        case .prepared(let name, let event): prepared(name, event)
        case .failed(let failure): failed(failure)
        case .served(let push, let result, let millis): served(push, result, millis)
        case .removed(let branch, let names): removed(branch, names)
        }
    }

    /// Why the push as a whole is refused or not served.
    package func end(_ failure: CommandFailure) {
        guard let message = failure.message else { return }
        say("\(paint.red("error:")) \(clean(message))", indent: "  ")
        for line in failure.details { say("  \(clean(line))", indent: "    ") }
        guard let advice = failure.advice else { return }
        say("\(paint.blue("help:")) \(clean(advice))", indent: "  ")
    }

    private func say(_ text: String, indent: String = "") {
        for line in PushLines.folded(text, indent: indent) { write("\(line)\n") }
    }

    /// What others wrote, before it is painted.
    private func clean(_ text: String) -> String {
        paint.harmless(text, keepingBreaks: true)
    }

    private func began(_ outline: PushOutline) {
        let kind = outline.isPreview ? " (preview)" : ""
        let subject = outline.subject.map { ": \(clean($0))" } ?? ""
        say("\(paint.bold(outline.branch))\(kind) at \(outline.commit.short)\(subject)")
        let parts = [
            ("to deploy", outline.changed.map(\.description)),
            ("unchanged", outline.unchanged.map(\.description)),
            ("to remove", outline.removed.map(\.description)),
            ("refused", outline.refused.map(clean)),
        ]
        for (label, names) in parts where !names.isEmpty {
            say("  \(label): \(names.joined(separator: ", "))", indent: "    ")
        }
        if outline.changed.isEmpty, outline.unchanged.isEmpty, outline.refused.isEmpty {
            say("  no functions: no folder has a function.yaml", indent: "    ")
        }
    }

    private func sending(_ name: FunctionName, _ byteCount: Int) {
        last = nil
        steps = []
        say("\(paint.bold(name.description)): sending \(Units.size(bytes: Int64(byteCount)))")
    }

    private func step(_ event: DeployEvent) {
        if last?.step != event.step { steps.append((event.step, event.elapsedMillis)) }
        guard event.step != .received, event.step != .manifest else { return }
        let time = now()
        if let last, last.step == event.step, last.message == event.message,
            time - last.shownAt < Self.repeatMicrosMin
        {
            return
        }
        last = (event.step, event.message, time)
        let head = "  \(event.step.rawValue): \(clean(event.message))"
        let lines = clean(event.detail ?? "").split(separator: "\n")
        guard lines.count > 1 else {
            let detail = lines.first.map { " \($0)" } ?? ""
            return say("\(head)\(detail)", indent: "    ")
        }
        say(head, indent: "    ")
        for line in lines { say("    \(line)", indent: "      ") }
    }

    private func prepared(_ name: FunctionName, _ event: DeployEvent) {
        if event.unchanged == true { return say("  serves already", indent: "    ") }
        let times = PushLines.times(steps, endMillis: event.elapsedMillis)
        let took = Units.duration(millis: event.elapsedMillis)
        let facts = event.function.map { ", \(PushLines.memory($0))" } ?? ""
        say("  \(paint.green("ready")) in \(took)\(times)\(facts)", indent: "    ")
    }

    private func failed(_ failure: PushFailure) {
        let subject = failure.subject.map { "\(paint.bold(clean($0))) " } ?? ""
        say("\(subject)\(paint.red("failed:")) \(clean(failure.message))", indent: "  ")
        for line in PushLines.log(failure.details) { say("  | \(clean(line))", indent: "  | ") }
        guard let advice = failure.advice else { return }
        say("  \(paint.blue("help:")) \(clean(advice))", indent: "    ")
    }

    private func served(_ push: PreparedPush, _ result: PushResult, _ millis: Int64) {
        for function in result.functions where push.changed.contains(function.name) {
            for line in PushLines.served(function, paint: paint) { say(line, indent: "  ") }
        }
        if !push.unchanged.isEmpty {
            say("unchanged: \(push.unchanged.joined(separator: ", "))", indent: "  ")
        }
        if !result.removed.isEmpty {
            say("removed: \(result.removed.joined(separator: ", "))", indent: "  ")
        }
        let count = push.changed.count + push.unchanged.count
        let serve = count == 1 ? "serves" : "serve"
        say(
            "\(Units.count(count, "function")) \(serve) \(push.commit.short), after "
                + Units.duration(millis: millis)
        )
    }

    private func removed(_ branch: String, _ names: [String]) {
        let what = names.isEmpty ? "no function" : names.joined(separator: ", ")
        say("\(branch) is gone, and with it \(what)", indent: "  ")
    }
}
