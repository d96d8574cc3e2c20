package import GatewayAPI

/// Log lines for people.
package enum LogText {
    /// `2026-01-31T12:00:00.123456Z info    text`.
    package static func line(_ line: LogLine, paint: Paint) -> String {
        let level = line.level.rawValue
        let padded = level + String(repeating: " ", count: max(0, 7 - level.count))
        let at = paint.dim(Timestamp(micros: line.atMicros).description)
        return "\(at) \(colour(line.level, padded, paint)) \(paint.harmless(line.text))\n"
    }

    private static func colour(_ level: LogLevel, _ text: String, _ paint: Paint) -> String {
        switch level {
        case .stdout: paint.dim(text)
        case .debug: paint.dim(text)
        case .info: paint.blue(text)
        case .warning, .stderr: paint.yellow(text)
        case .error: paint.red(text)
        }
    }
}
