import GatewayAPI

/// Checks for people.
package enum DoctorText {
    package static func text(_ report: DoctorReport, paint: Paint) -> String {
        var sections: [String] = []
        if !report.host.isEmpty { sections.append(section("This host", report.host, paint)) }
        let checks = [report.gatewayCheck] + (report.gateway?.checks ?? [])
        sections.append(section("Gateway", checks, paint))
        return sections.joined(separator: "\n")
    }

    private static func section(_ title: String, _ checks: [NodeCheck], _ paint: Paint) -> String {
        let width = checks.map(\.name.count).max() ?? 0
        let lines = checks.map { check in
            let padding = String(repeating: " ", count: width - check.name.count)
            let line = "\(mark(check.state, paint)) \(check.name)\(padding)  \(check.message)\n"
            let indent = String(repeating: " ", count: 8 + width + 2)
            return line + (check.advice.map { "\(indent)\(paint.blue("help:")) \($0)\n" } ?? "")
        }
        return "\(paint.bold(title))\n" + lines.joined()
    }

    private static func mark(_ state: NodeCheck.State, _ paint: Paint) -> String {
        switch state {
        case .ok: paint.green("ok     ")
        case .warning: paint.yellow("warning")
        case .failed: paint.red("failed ")
        }
    }
}
