package import Functions
package import GatewayAPI

/// Dead letters for people.
package enum DeadLetterText {
    /// How much of a message the table shows, in characters.
    private static let messageMax = 40
    private static let reasonMax = 100

    package static func table(
        _ list: DeadLetterList,
        of name: QueueName,
        now: Int64,
        paint: Paint
    ) -> String {
        guard !list.letters.isEmpty else { return "\(name) has no dead letters\n" }
        let columns = [
            Table.Column("ID"), .init("DIED"), .init("ATTEMPTS", .right), .init("SIZE", .right),
            .init("MESSAGE"), .init("REASON"),
        ]
        let rows = list.letters.map { letter in
            [
                letter.id, Units.age(ofMicros: letter.diedAtMicros, now: now),
                String(letter.attempts), Units.size(bytes: Int64(letter.bytes)),
                line(letter.preview, upTo: messageMax),
                line("\(letter.reason.code): \(letter.reason.detail)", upTo: reasonMax),
            ]
        }
        let more = list.more ? "\nThere are more: --limit says how many to list.\n" : ""
        return Table(columns, rows: rows).text(paint: paint) + more
    }

    /// `text` on one line, shortened, without what could steer a terminal.
    static func line(_ text: String, upTo max: Int) -> String {
        let plain = String(
            text.unicodeScalars.map { scalar in
                let isControl = scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
                return isControl ? " " : Character(scalar)
            }
        )
        return plain.count <= max ? plain : plain.prefix(max - 3) + "..."
    }
}
