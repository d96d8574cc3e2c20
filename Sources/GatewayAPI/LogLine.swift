/// One line that a function printed or logged.
package struct LogLine: Sendable, Hashable, Codable {
    /// Since 1970 UTC.
    package var atMicros: Int64
    /// Nil for what was printed outside an invocation, such as while loading.
    package var invocation: String?
    /// `REVISION/NUMBER` of the instance; nil for the zygote.
    package var instance: String?
    package var level: LogLevel
    /// Without a line break.
    package var text: String

    package init(
        atMicros: Int64,
        invocation: String?,
        instance: String?,
        level: LogLevel,
        text: String
    ) {
        self.atMicros = atMicros
        self.invocation = invocation
        self.instance = instance
        self.level = level
        self.text = text
    }
}

/// Where a log line came from, as in the runtime protocol's frame `log`.
package enum LogLevel: String, Sendable, Hashable, Codable, CaseIterable {
    case stdout
    case stderr
    case debug
    case info
    case warning
    case error
}
