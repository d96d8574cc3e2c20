import CLinux
import GatewayAPI
import Glibc

/// A `faas` that works on its own for a while; what it says is kept, up to a limit.
final class SyncProcess: Sendable {
    private static let pollMillis = 50
    private let pid: pid_t
    private let said: CInt

    init(program: String, arguments: [String], environment: [String: String]) throws {
        said = linux_bounded_file("git-sync", GitServerLimits.complaintBytesMax)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { if null >= 0 { close(null) } }
        var pid: pid_t = 0
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        let error = linux_spawn(&pid, program, &words, &variables, [null, said, said], 3)
        guard error == 0 else {
            if said >= 0 { close(said) }
            throw Problem(
                .gitFailed,
                detail: "\(program) cannot be run: \(String(cString: strerror(error)))."
            )
        }
        self.pid = pid
    }

    deinit { close(said) }

    /// Its exit status, or 128 and the signal that ended it; it is ended when this takes too long
    /// or is cancelled.
    func end(millisMax: Int) async -> Int {
        var status: CInt = 0
        var waited = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            if waited >= millisMax || Task.isCancelled {
                kill(-pid, SIGKILL)
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                break
            }
            try? await Task.sleep(for: .milliseconds(Self.pollMillis))
            waited += Self.pollMillis
        }
        return status & 0x7f == 0 ? Int(status >> 8) & 0xff : 128 + Int(status & 0x7f)
    }

    func lines() -> [String] {
        var bytes = [UInt8](repeating: 0, count: GitServerLimits.complaintBytesMax)
        let count = max(0, pread(said, &bytes, bytes.count, 0))
        let text = String(decoding: bytes[..<count].prefix { $0 != 0 }, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }
}
