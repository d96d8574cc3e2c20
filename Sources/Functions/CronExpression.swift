/// When a schedule ticks: `*/5 * * * *`, `0 30 2 L * *`, `@daily`, `@every 30s`.
///
/// Five fields (minute, hour, day, month, weekday) or six, seconds first. Where both day and
/// weekday are restricted, that is, have no `*`, a day that fits either of them is meant.
package struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The longest expression, in bytes.
    package static let lengthMax = 256
    /// What `@every` takes, in seconds: up to 366 days.
    package static let everySeconds = 1...31_622_400

    /// The expression as it was written.
    package let description: String
    let timing: Timing

    enum Timing: Sendable, Hashable {
        /// At each multiple of so many seconds since 1970 UTC, so that the ticks do not depend on
        /// when anything was started.
        case every(seconds: Int64)
        case calendar(CronRule)
    }

    package init(_ text: String) throws(CronError) {
        guard text.utf8.count <= Self.lengthMax else {
            throw CronError(
                "has \(text.utf8.count) bytes",
                allowed: "up to \(Self.lengthMax) bytes"
            )
        }
        let words = text.split { $0 == " " || $0 == "\t" }
        description = text
        if let first = words.first, first.hasPrefix("@") {
            timing = try Self.named(first, Array(words.dropFirst()))
        } else {
            guard words.count == 5 || words.count == 6 else {
                let count = words.count == 1 ? "1 field" : "\(words.count) fields"
                throw CronError("has \(count)", allowed: Self.shape)
            }
            timing = .calendar(try CronRule(words.count == 5 ? ["0"] + words : words))
        }
    }

    private static let shape =
        "minute hour day month weekday, with a second before them or not, as in */5 * * * *; or "
        + (names.map(\.name) + ["@every 30s"]).joined(separator: ", ")

    private static let names = [
        (name: "@hourly", fields: "0 0 * * * *"), (name: "@daily", fields: "0 0 0 * * *"),
        (name: "@midnight", fields: "0 0 0 * * *"), (name: "@weekly", fields: "0 0 0 * * 0"),
        (name: "@monthly", fields: "0 0 0 1 * *"), (name: "@yearly", fields: "0 0 0 1 1 *"),
        (name: "@annually", fields: "0 0 0 1 1 *"),
    ]

    private static func named(
        _ word: Substring,
        _ rest: [Substring]
    ) throws(CronError) -> Timing {
        let name = word.lowercased()
        if name == "@every" {
            return .every(seconds: try interval(rest))
        }
        guard let fields = names.first(where: { $0.name == name })?.fields else {
            throw CronError(
                "is '\(word)', which names no schedule",
                allowed: shape,
                found: String(word),
                words: names.map(\.name) + ["@every"]
            )
        }
        guard rest.isEmpty else {
            throw CronError("has '\(rest[0])' after \(name)", allowed: "nothing after \(name)")
        }
        return .calendar(try CronRule(fields.split(separator: " ")))
    }

    /// Reads `30s`, `5m` or `1h30m`: each unit at most once, the larger first.
    private static func interval(_ words: [Substring]) throws(CronError) -> Int64 {
        let written = words.joined(separator: " ")
        let range = everySeconds
        let fault = CronError(
            written.isEmpty ? "has no interval after @every" : "has '\(written)' after @every",
            allowed: "\(range.lowerBound)s to \(range.upperBound / 3600)h, in h, m and s as in "
                + "1h30m",
            found: written
        )
        var rest = Substring(written)
        var seconds = 0
        for (unit, factor) in [("h", 3600), ("m", 60), ("s", 1)] {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard rest.dropFirst(digits.count).hasPrefix(unit) else { continue }
            guard let count = CronFieldReader.number(digits) else { throw fault }
            seconds += count * factor
            rest = rest.dropFirst(digits.count + 1)
        }
        guard rest.isEmpty, range.contains(seconds) else { throw fault }
        return Int64(seconds)
    }
}
