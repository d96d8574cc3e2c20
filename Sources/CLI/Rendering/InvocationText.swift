import Functions
package import GatewayAPI
package import GatewayClient

/// An invocation in words.
package enum InvocationText {
    /// One line: `warm start; queue 12 us, start 0, run 3.4 ms; 4.1 ms in all; ID`.
    package static func timings(_ head: ResponseHead, totalMicros: Int64) -> String {
        var parts: [String] = []
        if let kind = head.startKind { parts.append("\(kind.rawValue) start") }
        if let timing = head.timing {
            let run = head.runMicros.map { ", run \(Units.duration(micros: $0))" } ?? ""
            parts.append(
                "queue \(Units.duration(micros: timing.queueMicros)), "
                    + "start \(Units.duration(micros: timing.startMicros))\(run)"
            )
        }
        parts.append("\(Units.duration(micros: totalMicros)) in all")
        if let id = head.invocationID { parts.append(id) }
        return parts.joined(separator: "; ") + "\n"
    }

    /// Why there is no result yet.
    package static func pending(_ report: InvocationReport, now: Int64) -> String {
        let next = report.nextAttemptAtMicros.map {
            "; attempt \(report.attempts + 1) is due \(Units.due(atMicros: $0, now: now))"
        }
        return "\(report.id) has not ended: it is \(report.state.rawValue)\(next ?? "")"
    }

    /// What `faas why` prints.
    package static func report(_ report: InvocationReport, now: Int64, paint: Paint) -> String {
        let fields = identity(report) + course(report, now, paint) + cost(report, paint)
        let sentences = report.explanation.map { "\n- \(paint.harmless($0))" } + redrive(report)
        return FieldList.text(fields, paint: paint) + attempts(report, paint)
            + (sentences.isEmpty ? "" : sentences.joined() + "\n")
    }

    private static func identity(_ report: InvocationReport) -> [(String, String)] {
        [
            ("invocation", report.id),
            (
                "function",
                report.revision.isEmpty
                    ? report.function : "\(report.function) (\(report.revision))"
            ),
            ("account", report.account),
            ("trigger", report.trigger),
        ]
    }

    private static func course(
        _ report: InvocationReport,
        _ now: Int64,
        _ paint: Paint
    ) -> [(String, String)] {
        var fields: [(String, String)] = []
        if let micros = report.enqueuedAtMicros {
            let queue = report.queue.map { ", in \($0)" } ?? ""
            fields.append(("enqueued", "\(Timestamp(micros: micros))\(queue)"))
        }
        fields.append(("accepted", Timestamp(micros: report.acceptedAtMicros).description))
        fields.append(("outcome", outcome(report, paint)))
        if let micros = report.nextAttemptAtMicros {
            let due = Units.due(atMicros: micros, now: now)
            fields.append(("next attempt", "\(Timestamp(micros: micros)), \(due)"))
        }
        if let micros = report.resultKeptUntilMicros {
            fields.append(("result", "kept until \(Timestamp(micros: micros))"))
        }
        if let kind = report.startKind { fields.append(("start", kind.rawValue)) }
        return fields
    }

    private static func cost(_ report: InvocationReport, _ paint: Paint) -> [(String, String)] {
        let timings = report.timings
        var fields = [
            ("waited", Units.duration(micros: timings.queueMicros)),
            ("starting", Units.duration(micros: timings.startMicros)),
            ("ran", Units.duration(micros: timings.runMicros)),
            ("billed", Units.duration(millis: report.billedMillis)),
            ("cost", Units.money(nanos: report.costNanos, currency: report.currency)),
            ("attempts", String(report.attempts)),
        ]
        if let message = report.message { fields.append(("message", paint.harmless(message))) }
        return fields
    }

    /// One line for each; nothing when the fields have said it all.
    private static func attempts(_ report: InvocationReport, _ paint: Paint) -> String {
        guard report.attemptReports.count > 1 || report.state != .ended,
            !report.attemptReports.isEmpty
        else { return "" }
        let columns = [
            Table.Column("ATTEMPT", .right), .init("ACCEPTED"), .init("REVISION"), .init("START"),
            .init("OUTCOME"), .init("WAITED", .right), .init("STARTING", .right),
            .init("RAN", .right), .init("BILLED", .right), .init("MESSAGE"),
        ]
        let rows = report.attemptReports.map { attempt in
            [
                String(attempt.attempt), Timestamp(micros: attempt.acceptedAtMicros).description,
                attempt.revision, attempt.startKind.rawValue, attempt.outcome.rawValue,
                Units.duration(micros: attempt.timings.queueMicros),
                Units.duration(micros: attempt.timings.startMicros),
                Units.duration(micros: attempt.timings.runMicros),
                Units.duration(millis: attempt.billedMillis),
                DeadLetterText.line(attempt.message ?? "", upTo: messageMax),
            ]
        }
        return "\n" + Table(columns, rows: rows).text(paint: paint)
    }

    /// How much of an attempt's message its line shows, in characters.
    private static let messageMax = 100

    private static func redrive(_ report: InvocationReport) -> [String] {
        guard report.state == .dead, let queue = report.queue, QueueName(queue) != nil else {
            return []
        }
        return ["\n- `faas queue redrive \(queue)` has the queue's dead letters tried again."]
    }

    private static func outcome(_ report: InvocationReport, _ paint: Paint) -> String {
        let status = report.status.map { " (status \($0))" } ?? ""
        switch (report.state, report.outcome) {
        case (.dead, _):
            return paint.red("dead after \(Units.count(report.attempts, "attempt"))")
        case (.waiting, _), (.running, _): return report.state.rawValue
        case (.retrying, _): return paint.yellow(report.state.rawValue)
        case (.ended, nil): return report.state.rawValue
        case (.ended, .completed): return paint.green("completed\(status)")
        case (.ended, .some(let outcome)): return paint.red("\(outcome.rawValue)\(status)")
        }
    }
}
