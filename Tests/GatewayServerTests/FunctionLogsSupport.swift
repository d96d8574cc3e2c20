import Functions
import GatewayAPI
import GatewayServer
import Glibc
import Logging
import NIOCore
import RuntimeProtocol
import Testing

/// The logs of a folder of their own, with functions to print into them.
struct FunctionLogsFixture {
    let folder: String
    let logs: FunctionLogs
    let echo: Revision

    init(_ limits: FunctionLogLimits = FunctionLogLimits(), folder: String? = nil) throws {
        var template = Array("/tmp/function-logs-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template).map { String(cString: $0) })
        self.folder = made
        logs = FunctionLogs(folder: folder ?? "\(made)/logs", limits: limits)
        echo = try Self.revision("echo")
    }

    static func revision(_ name: String) throws -> Revision {
        Revision(
            function: try #require(FunctionName(name)),
            number: 3,
            digest: String(repeating: "0", count: 64),
            manifest: Manifest(name: name),
            account: .local,
            deployedAtMicros: 0
        )
    }

    func file(_ name: String) -> String { "\(folder)/logs/\(name)" }

    func remove() {
        for name in ["echo.ndjson", "echo.1.ndjson", "other.ndjson"] { unlink(file(name)) }
        rmdir("\(folder)/logs")
        rmdir(folder)
    }

    func print(_ text: String, invocation: InvocationID? = nil) {
        logs.append(
            echo,
            invocation: invocation,
            level: "stdout",
            text: ByteBuffer(string: text)
        )
    }

    func texts(tail: Int = 100) -> [String] {
        logs.read(function: echo.function, tail: tail).map(\.text)
    }
}

/// Runs `body` with logs that are closed and removed afterwards.
func withLogs(
    _ limits: FunctionLogLimits = FunctionLogLimits(),
    _ body: (FunctionLogsFixture) async throws -> Void
) async throws {
    let fixture = try FunctionLogsFixture(limits)
    defer {
        fixture.logs.close()
        fixture.remove()
    }
    try await body(fixture)
}

func size(of path: String) -> Int? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return Int(lseek(file, 0, SEEK_END))
}
