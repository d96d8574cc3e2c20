import Functions
package import GatewayAPI

/// Revisions as a table.
package enum RevisionText {
    /// Longer subjects of commits are cut.
    static let subjectLengthMax = 50
    /// Digits of a bundle's digest that are shown.
    static let digestLength = 12

    package static func table(_ revisions: [RevisionReport], now: Int64, paint: Paint) -> String {
        let columns = [
            Table.Column("REVISION"), .init("TRAFFIC", .right), .init("DEPLOYED"),
            .init("BUNDLE"), .init("COMMIT"), .init("AUTHOR"), .init("BY"), .init("SUBJECT"),
        ]
        let rows = revisions.map { revision in
            [
                revision.revision, revision.share?.description ?? "-",
                Units.age(ofMicros: revision.deployedAtMicros, now: now),
                revision.isKept ? String(revision.digest.prefix(digestLength)) : "not kept",
                OriginText.commit(revision.origin),
                OriginText.author(revision.origin),
                revision.origin.deployedBy ?? "-",
                subject(revision.origin.subject),
            ]
        }
        return Table(columns, rows: rows).text(paint: paint)
    }

    private static func subject(_ text: String?) -> String {
        guard let text else { return "" }
        return text.count > subjectLengthMax ? text.prefix(subjectLengthMax - 3) + "..." : text
    }
}
