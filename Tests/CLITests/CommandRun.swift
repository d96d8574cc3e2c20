import CLI
import Glibc
import Synchronization

/// A command line run in this process, and what it wrote.
struct CommandRun {
    let status: Int32
    let output: String
    let errors: String

    init(
        _ words: String...,
        url: String? = nil,
        environment: [String: String] = [:],
        input: Int32 = -1,
        isTerminal: Bool = false,
        now: Int64 = 1_769_864_400_000_000
    ) throws {
        try self.init(
            words: words,
            url: url,
            environment: environment,
            input: input,
            isTerminal: isTerminal,
            now: now
        )
    }

    init(
        words: [String],
        url: String? = nil,
        environment: [String: String] = [:],
        input: Int32 = -1,
        isTerminal: Bool = false,
        now: Int64 = 1_769_864_400_000_000
    ) throws {
        let output = Recording()
        let errors = Recording()
        var environment = environment
        environment["FAAS_URL"] = try url ?? CannedGateway.shared.get().url
        environment["TMPDIR"] = "/tmp"
        let console = Console(
            output: { output.append($0) },
            errors: { errors.append($0) },
            input: input,
            isOutputTerminal: isTerminal,
            isErrorTerminal: isTerminal,
            isInputTerminal: false,
            environment: environment,
            now: { now }
        )
        status = Console.$current.withValue(console) { Program.run(words) }
        self.output = output.text
        self.errors = errors.text
    }
}

/// Bytes that somebody wrote.
private final class Recording: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    func append(_ more: UnsafeRawBufferPointer) {
        let more = Array(more)
        bytes.withLock { $0 += more }
    }
}
