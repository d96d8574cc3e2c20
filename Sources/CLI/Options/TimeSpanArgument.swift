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
}

extension TimeSpan: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
