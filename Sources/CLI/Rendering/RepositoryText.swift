package import GatewayAPI

/// Repositories for people.
package enum RepositoryText {
    /// Where to push to.
    package static func remotes(
        _ report: RepositoryReport,
        url: String,
        paint: Paint
    ) -> String {
        let add = "git remote add faas"
        return """
            \(paint.bold(report.name)) is at \(report.path)

            on this host  \(add) \(ShellWord.quoted(report.path))
            over ssh      \(add) \(ShellWord.quoted("HOST:\(report.path)"))
            over HTTP     \(add) \(ShellWord.quoted(url + report.remotePath))
            then          git push faas main

            """
    }

    package static func table(
        _ repositories: [RepositoryReport],
        now: Int64,
        paint: Paint
    ) -> String {
        guard !repositories.isEmpty else {
            return "There is no repository. `faas git init NAME` makes one.\n"
        }
        let columns = [
            Table.Column("NAME"), .init("BRANCH"), .init("COMMIT"), .init("DEPLOYED"),
            .init("PATH"),
        ]
        return Table(columns, rows: repositories.flatMap { rows($0, now: now) }).text(paint: paint)
    }

    private static func rows(_ repository: RepositoryReport, now: Int64) -> [[String]] {
        guard !repository.branches.isEmpty else {
            return [[repository.name, "-", "-", "-", repository.path]]
        }
        return repository.branches.map { branch in
            [
                repository.name, branch.name, String(branch.commit.prefix(10)),
                Units.age(ofMicros: branch.deployedAtMicros, now: now), repository.path,
            ]
        }
    }
}
