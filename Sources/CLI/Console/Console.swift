import GatewayAPI
import Glibc

/// Where a command writes, and what it may know of its surroundings.
package struct Console: Sendable {
    /// The one that commands use; tests bind another.
    @TaskLocal package static var current = Console.process

    package var output: @Sendable (UnsafeRawBufferPointer) -> Void
    package var errors: @Sendable (UnsafeRawBufferPointer) -> Void
    /// A descriptor to read a body from.
    package var input: Int32
    package var isOutputTerminal: Bool
    package var isErrorTerminal: Bool
    package var isInputTerminal: Bool
    package var environment: [String: String]
    /// Microseconds since 1970 UTC.
    package var now: @Sendable () -> Int64

    package init(
        output: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
        errors: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
        input: Int32,
        isOutputTerminal: Bool,
        isErrorTerminal: Bool,
        isInputTerminal: Bool,
        environment: [String: String],
        now: @escaping @Sendable () -> Int64
    ) {
        self.output = output
        self.errors = errors
        self.input = input
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        self.isInputTerminal = isInputTerminal
        self.environment = environment
        self.now = now
    }
}

extension Console {
    /// This process's own.
    package static let process = Console(
        output: { writeAll($0, to: STDOUT_FILENO) },
        errors: { writeAll($0, to: STDERR_FILENO) },
        input: STDIN_FILENO,
        isOutputTerminal: isatty(STDOUT_FILENO) == 1,
        isErrorTerminal: isatty(STDERR_FILENO) == 1,
        isInputTerminal: isatty(STDIN_FILENO) == 1,
        environment: readEnvironment(),
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        }
    )

    /// Writes to the standard output.
    package func write(_ text: String) {
        var text = text
        text.withUTF8 { output(UnsafeRawBufferPointer($0)) }
    }

    /// Writes to the standard error.
    package func writeError(_ text: String) {
        var text = text
        text.withUTF8 { errors(UnsafeRawBufferPointer($0)) }
    }

    /// For what goes to the standard output.
    package var paint: Paint {
        Paint(isOn: isOutputTerminal && allowsColour, isTerminal: isOutputTerminal)
    }
    /// For what goes to the standard error.
    package var errorPaint: Paint {
        Paint(isOn: isErrorTerminal && allowsColour, isTerminal: isErrorTerminal)
    }

    /// `error: ...`, its details, and `help: ...`; or all of it as one line of JSON.
    ///
    /// They may be a function's own words.
    package func report(_ failure: CommandFailure, asJSON: Bool = false) {
        guard let message = failure.message else { return }
        if asJSON, let line = try? JSONCoding.encodeLine(failure) {
            return line.withUnsafeBytes(errors)
        }
        let paint = errorPaint
        func line(_ label: String, _ text: String) {
            writeError("\(label) \(paint.harmless(text, keepingBreaks: true))\n")
        }
        line(paint.red("error:"), message)
        for detail in failure.details { line(" ", detail) }
        if let advice = failure.advice { line(paint.blue("help:"), advice) }
    }

    /// Whether the standard error can take back what it shows.
    package var hasLiveLine: Bool { isErrorTerminal && !isDumb }

    private var allowsColour: Bool { (environment["NO_COLOR"] ?? "").isEmpty && !isDumb }

    private var isDumb: Bool { environment["TERM"] == "dumb" }
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
            if errno == EINTR { continue }
            // Nobody reads any more (or the disk is full): there is nobody to tell either. No
            // `defer` runs, but what is to be done when the process exits is.
            exit(CommandFailure.Status.refused.rawValue)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
}

private func readEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
    while let text = entry.pointee {
        let parts = String(cString: text).split(
            separator: "=",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        entry += 1
    }
    return variables
}
