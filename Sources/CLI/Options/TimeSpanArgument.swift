import ArgumentParser
import GatewayAPI

/// A length of time on the command line.
enum TimeSpanArgument {
    static func parse(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(text) else {
            throw ValidationError("`\(text)` is no length of time: write 500ms, 30s, 10m, 2h or 1d")
        }
        return span
    }

    /// A number alone counts seconds, and may have a fraction.
    static func parseSeconds(_ text: String) throws -> TimeSpan {
        guard let seconds = Double(text), (0...secondsMax).contains(seconds) else {
            return try parse(text)
        }
        return TimeSpan(millis: Int64((seconds * 1000).rounded(.up)))
    }

    private static let secondsMax = 1e9
}

extension TimeSpan: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
