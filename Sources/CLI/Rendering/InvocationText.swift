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
            parts.append(
                "queue \(Units.duration(micros: timing.queueMicros)), "
                    + "start \(Units.duration(micros: timing.startMicros)), "
                    + "run \(Units.duration(micros: timing.runMicros))"
            )
        }
        parts.append("\(Units.duration(micros: totalMicros)) in all")
        if let id = head.invocationID { parts.append(id) }
        return parts.joined(separator: "; ") + "\n"
    }

    /// What `faas why` prints.
    package static func report(_ report: InvocationReport, paint: Paint) -> String {
        var fields: [(String, String)] = [
            ("invocation", report.id),
            ("function", "\(report.function) (\(report.revision))"),
            ("account", report.account),
            ("trigger", report.trigger),
            ("accepted", Timestamp(micros: report.acceptedAtMicros).description),
            ("outcome", outcome(report, paint)),
        ]
        if let kind = report.startKind { fields.append(("start", kind.rawValue)) }
        let timings = report.timings
        fields += [
            ("waited", Units.duration(micros: timings.queueMicros)),
            ("starting", Units.duration(micros: timings.startMicros)),
            ("ran", Units.duration(micros: timings.runMicros)),
            ("billed", Units.duration(millis: report.billedMillis)),
            ("cost", Units.money(nanos: report.costNanos, currency: report.currency)),
            ("attempts", String(report.attempts)),
        ]
        if let message = report.message { fields.append(("message", paint.harmless(message))) }
        let sentences = report.explanation.map { "\n- \($0)" }.joined()
        return FieldList.text(fields, paint: paint) + (sentences.isEmpty ? "" : sentences + "\n")
    }

    private static func outcome(_ report: InvocationReport, _ paint: Paint) -> String {
        guard let outcome = report.outcome else { return report.state.rawValue }
        let status = report.status.map { " (status \($0))" } ?? ""
        let text = outcome.rawValue + status
        return outcome == .completed ? paint.green(text) : paint.red(text)
    }
}
