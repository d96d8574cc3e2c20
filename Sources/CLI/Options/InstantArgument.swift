import ArgumentParser
import GatewayAPI

/// A moment on the command line: a day, an instant, or how long ago.
enum InstantArgument {
    private static let unitMicros: [Character: Int64] = [
        "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000,
    ]

    static func parse(_ text: String) throws -> Timestamp {
        if let timestamp = Timestamp(text) { return timestamp }
        if let unit = text.last.flatMap({ unitMicros[$0] }), let count = Int64(text.dropLast()),
            (0...1_000_000).contains(count)
        {
            return Timestamp(micros: Console.current.now() - count * unit)
        }
        throw ValidationError(
            "`\(text)` is no moment: write 2026-01-31, 2026-01-31T12:00:00Z, or how long ago as "
                + "90s, 10m, 2h, 7d"
        )
    }
}
