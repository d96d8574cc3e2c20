import GitDeploys

/// What was done to a repository's hooks, for people.
enum HookText {
    static func installed(_ report: HookInstallation.Report, paint: Paint) -> String {
        var lines = ["pushes to \(paint.bold(report.repository)) deploy"]
        if let url = report.url { lines[0] += " to \(url)" }
        lines.append("hooks    \(report.folder)")
        for name in report.kept { lines.append("kept     \(name), which runs first") }
        if report.isShared {
            lines.append(
                "\(paint.yellow("note:")) other repositories run the hooks of this folder too; "
                    + "for them ours do nothing"
            )
        }
        return lines.map { "\($0)\n" }.joined()
    }

    static func uninstalled(_ report: HookInstallation.Report, paint: Paint) -> String {
        let back = report.kept.map { "put back \($0)\n" }.joined()
        return "pushes to \(paint.bold(report.repository)) do not deploy any more\n\(back)"
    }
}
